import type { Violation } from '../result.ts'

/** Collects what is wrong as a value is walked. */
export class Violations {
  readonly list: Violation[] = []

  add(field: string, message: string): void {
    this.list.push({ field, message })
  }
}

/** Checks one value at `field` and reports what is wrong with it. */
export type Check = (value: unknown, field: string, out: Violations) => void

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const text: Check = (value, field, out) => {
  if (typeof value !== 'string') out.add(field, 'must be a string')
}

export const nonEmptyText: Check = (value, field, out) => {
  if (typeof value !== 'string' || value === '') out.add(field, 'must be a string that is not empty')
}

export const flag: Check = (value, field, out) => {
  if (typeof value !== 'boolean') out.add(field, 'must be true or false')
}

export function integer(min: number, max: number): Check {
  return (value, field, out) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      out.add(field, `must be a whole number from ${min} to ${max}`)
    }
  }
}

export function number(min: number, max: number): Check {
  return (value, field, out) => {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      out.add(field, `must be a number from ${min} to ${max}`)
  }
}

export function oneOf(...allowed: readonly string[]): Check {
  return (value, field, out) => {
    if (!allowed.includes(value as string)) out.add(field, `must be one of ${allowed.join(', ')}`)
  }
}

export function list(item: Check, { min = 0 }: { min?: number } = {}): Check {
  return (value, field, out) => {
    if (!Array.isArray(value)) return out.add(field, 'must be a list')
    if (value.length < min) out.add(field, `must have at least ${min} item${min === 1 ? '' : 's'}`)
    const wrong = new Violations()
    value.forEach((entry, index) => {
      // Looked at without its place first: thousands of endpoints are good, and naming the place of each takes most of the time.
      item(entry, '', wrong)
      if (wrong.list.length === 0) return
      wrong.list.length = 0
      item(entry, `${field}[${index}]`, out)
    })
  }
}

export const textMap: Check = (value, field, out) => {
  if (!isRecord(value)) return out.add(field, 'must be an object of strings')
  for (const [key, entry] of Object.entries(value)) text(entry, `${field}.${key}`, out)
}

/** Marks a field that may be absent. */
export interface Optional {
  readonly optional: Check
}

export const optional = (check: Check): Optional => ({ optional: check })

export type Fields = Readonly<Record<string, Check | Optional>>

/**
 * An object of these fields. Unknown fields are let through, so that a newer peer can say more, except where `closed`.
 */
export function record(fields: Fields, { closed = false }: { closed?: boolean } = {}): Check {
  const checks = Object.entries(fields)
  return (value, field, out) => {
    if (!isRecord(value)) return out.add(field, 'must be an object')
    const at = (name: string): string => (field === '' ? name : `${field}.${name}`)
    for (const [name, check] of checks) {
      const given = value[name]
      if (typeof check === 'function') check(given, at(name), out)
      else if (given !== undefined) check.optional(given, at(name), out)
    }
    if (!closed) return
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name))
        out.add(at(name), 'is not known here, and an inbound policy is only taken whole')
    }
  }
}
