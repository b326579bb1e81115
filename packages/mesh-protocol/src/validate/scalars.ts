import { UNLIMITED } from '../defaults.ts'
import { type Check, type Fields, integer, isRecord, nonEmptyText, number, text } from './shape.ts'

export const count: Check = integer(0, UNLIMITED)
export const port: Check = integer(1, 65_535)
export const milliseconds: Check = integer(0, Number.MAX_SAFE_INTEGER)
export const positiveMilliseconds: Check = integer(1, Number.MAX_SAFE_INTEGER)
export const statusCode: Check = integer(100, 599)
/** A status that an answer may end with. */
export const finalStatus: Check = integer(200, 599)
export const percent: Check = number(0, 100)

export const serviceFields: Fields = { host: nonEmptyText, name: text, namespace: text }

/** An object that has exactly one of these fields, each with its own check. */
export function exactlyOne(choices: Readonly<Record<string, Check>>): Check {
  const names = Object.keys(choices)
  return (value, field, out) => {
    const named = isRecord(value) ? names.filter((name) => value[name] !== undefined) : []
    const name = named[0]
    if (!isRecord(value) || name === undefined || named.length > 1) {
      return out.add(field, `must have exactly one of ${names.join(', ')}`)
    }
    choices[name]?.(value[name], field === '' ? name : `${field}.${name}`, out)
  }
}

/** Several checks of one value. */
export function both(...checks: readonly Check[]): Check {
  return (value, field, out) => {
    for (const check of checks) check(value, field, out)
  }
}
