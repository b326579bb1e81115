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
