import { isRecord, type JsonRecord } from '../record.ts'
import type { SchemaViolation } from '../schema/check.ts'

/**
 * The spec without what its schema refuses, so that the other rules can look at the rest and all violations are told
 * at once. `undefined` where so much is wrong that they would only follow from it.
 */
export function pruneInvalid(spec: unknown, violations: readonly SchemaViolation[]): JsonRecord | undefined {
  if (!isRecord(spec)) return undefined
  const copy: Record<string, unknown> = structuredClone(spec)
  const paths = violations.map(({ keys }) => keys)
  return paths.every((keys) => keys.length === 0 || removeAt(copy, keys)) ? copy : undefined
}

/** False where a field of the spec itself would go, on which many rules depend. */
function removeAt(spec: Record<string, unknown>, keys: readonly string[]): boolean {
  const chain: unknown[] = [spec]
  for (const key of keys.slice(0, -1)) {
    const value = chain.at(-1)
    if (typeof value !== 'object' || value === null) return true
    chain.push((value as Record<string, unknown>)[key])
  }
  // An item cannot go without moving those behind it: its whole list goes.
  let depth = keys.length - 1
  while (depth > 0 && Array.isArray(chain[depth])) depth -= 1
  if (depth === 0) return false
  const holder = chain[depth]
  if (isRecord(holder)) delete (holder as Record<string, unknown>)[keys[depth] as string]
  return true
}

/** Whether a finding may only be there because a part below (or at, or above) it was taken out. */
export function followsFrom(field: string, violations: readonly SchemaViolation[]): boolean {
  return violations.some((violation) => violation.field.startsWith(field) || field.startsWith(violation.field))
}
