import { isText, isWholeNumber, parseFlag, parseWholeNumber } from './rules.ts'
import type { Settings } from './settings.ts'

export function text(
  settings: Settings,
  name: string,
  coded: string | undefined,
  variable: string,
  fallback: string,
): string {
  return settings.take({
    name,
    coded,
    variables: [variable],
    parse: (value) => value.trim(),
    valid: isText,
    accepts: 'a string that is not empty',
    fallback,
  }).value
}

export function optionalText(
  settings: Settings,
  name: string,
  coded: string | undefined,
  variable: string,
  accepts: string,
): string | undefined {
  return settings.take<string | undefined>({
    name,
    coded,
    variables: [variable],
    parse: (value) => value,
    valid: isText,
    accepts,
    fallback: undefined,
  }).value
}

export function wholeNumber(
  settings: Settings,
  rule: {
    readonly name: string
    readonly coded: number | undefined
    readonly variable: string
    readonly range: readonly [min: number, max: number]
    readonly fallback: number
  },
): number {
  const [min, max] = rule.range
  return settings.take({
    ...rule,
    variables: [rule.variable],
    parse: parseWholeNumber,
    valid: isWholeNumber(min, max),
    accepts: `a whole number from ${min} to ${max}`,
  }).value
}

export function flag(
  settings: Settings,
  name: string,
  coded: boolean | undefined,
  variable: string,
  fallback: boolean,
): boolean {
  return settings.take<boolean>({
    name,
    coded,
    variables: [variable],
    parse: parseFlag,
    valid: (value) => typeof value === 'boolean',
    accepts: 'true or false (in the environment also 1, 0, on or off)',
    fallback,
  }).value
}
