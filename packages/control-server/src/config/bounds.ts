import type { Violation } from '@weft/mesh-protocol'

/** Far above what any kind needs; recursion over a resource is safe below it. */
export const MAX_DEPTH = 64
/** Objects, list items and plain values of one resource, each alias of a YAML document counted as what it stands for. */
export const MAX_VALUES = 100_000

/** The same for a whole input, which may hold many resources. */
export const MAX_INPUT_VALUES: number = 20 * MAX_VALUES

/** Refuses what is too deep (or holds itself) or too large to be looked at; without recursion. */
export function boundsViolation(value: unknown, maxValues: number = MAX_VALUES): Violation | undefined {
  const tooMany: Violation = { field: '', message: `has more than ${maxValues} values: write several smaller ones` }
  const pending: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }]
  let count = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    count += 1
    if (count + pending.length > maxValues) return tooMany
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth >= MAX_DEPTH) return { field: '', message: `is nested deeper than ${MAX_DEPTH} levels` }
    const children: readonly unknown[] = Array.isArray(next.value) ? next.value : Object.values(next.value)
    if (children.length > maxValues) return tooMany
    for (const inner of children) pending.push({ value: inner, depth: next.depth + 1 })
  }
  return undefined
}
