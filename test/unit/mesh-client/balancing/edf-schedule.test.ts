import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEdfSchedule, type EdfSchedule } from '../../../../packages/mesh-client/src/balancing/edf-schedule.ts'

function take(schedule: EdfSchedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule.next())
}

function fixed(weights: readonly number[], start = 0): EdfSchedule {
  return createEdfSchedule(weights.length, (index) => weights[index] as number, start)
}

test('each of the weights 1 to 128 gets exactly its share of a round', () => {
  const weights = Array.from({ length: 128 }, (_, index) => index + 1)
  const counts = weights.map(() => 0)
  for (const index of take(fixed(weights), (128 * 129) / 2)) counts[index] = (counts[index] ?? 0) + 1
  expect(counts).toEqual(weights)
})

test('equal weights go round in order', () => {
  const order = Array.from({ length: 128 }, (_, index) => index)
  expect(take(fixed(order.map(() => 1)), 256)).toEqual([...order, ...order])
})

test('a start far along makes no more than a round of picks', () => {
  const schedule = fixed(
    Array.from({ length: 1_000 }, (_, index) => 1 + (index % 7)),
    429_496_728,
  )
  expect(new Set(take(schedule, 8_000)).size).toBe(1_000)
})

test('nothing to choose from', () => {
  expect(fixed([]).next()).toBe(-1)
})

test.each<[string, readonly number[], number, readonly number[]]>([
  ['the heavier first', [1, 2], 0, [1, 0, 1, 1, 0, 1]],
  ['of two that are due together the one that was put in first', [1, 1], 0, [0, 1, 0, 1]],
  ['as if a pick had been made', [1, 2], 1, [0, 1, 1, 0, 1, 1]],
  ['one alone', [5], 0, [0, 0, 0]],
  ['fractions', [0.5, 0.25], 0, [0, 1, 0, 0, 1, 0]],
])('%s', (_, weights, start, picks) => {
  expect(take(fixed(weights, start), picks.length)).toEqual(picks)
})

test('at any moment each has had its share, give or take less than a turn of everybody', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 600 }), (all, picks) => {
      const total = all.reduce((sum, weight) => sum + weight, 0)
      const counts = all.map(() => 0)
      for (const index of take(fixed(all), picks)) counts[index] = (counts[index] as number) + 1
      for (const [index, weight] of all.entries()) {
        const due = (picks * weight) / total
        expect((counts[index] as number) - due).toBeGreaterThan(-1 - 1e-9)
        expect((counts[index] as number) - due).toBeLessThanOrEqual((all.length * weight) / total + 1e-9)
      }
    }),
  )
})
