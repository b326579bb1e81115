import { fail, ok, type Result, type Violation } from '@weft/mesh-protocol'
import { isObject } from '../kernel/json-value.ts'

/** What is wrong with a field's value; `undefined`: nothing. */
export type FieldCheck = (value: unknown) => string | undefined

/** Every field that an object may have; what is absent is not checked. */
export type FieldChecks = Readonly<Record<string, FieldCheck>>

/** Takes an object apart: all that is wrong with it at once, fields that it does not have among them. */
export function checkFields<T>(
  value: unknown,
  checks: FieldChecks,
  required: readonly string[],
): Result<T, readonly Violation[]> {
  if (!isObject(value)) return fail([{ field: '', message: 'must be a JSON object' }])
  const violations: Violation[] = []
  for (const [field, given] of Object.entries(value)) {
    const check = Object.hasOwn(checks, field) ? checks[field] : undefined
    const message =
      check === undefined ? `is not known here; there are ${Object.keys(checks).join(', ')}` : check(given)
    if (message !== undefined) violations.push({ field, message })
  }
  for (const field of required) if (!Object.hasOwn(value, field)) violations.push({ field, message: 'is required' })
  return violations.length === 0 ? ok(value as T) : fail(violations)
}

export const oneOfTexts =
  (...allowed: readonly string[]): FieldCheck =>
  (value) =>
    typeof value === 'string' && allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`

export const textThat =
  (fits: (text: string) => boolean, message: string): FieldCheck =>
  (value) =>
    typeof value === 'string' && fits(value) ? undefined : message

export const wholeBetween =
  (min: number, max: number): FieldCheck =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`

/** From one to `max` items. */
export const listOf =
  (item: FieldCheck, max: number): FieldCheck =>
  (value) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > max) {
      return `must be a list of 1 to ${max} items; leave it out where it is not to limit anything`
    }
    const wrong = value.findIndex((each) => item(each) !== undefined)
    return wrong < 0 ? undefined : `item ${wrong} ${item(value[wrong])}`
  }
