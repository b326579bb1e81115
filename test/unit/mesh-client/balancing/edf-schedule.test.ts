import { describe, expect, test } from 'vitest'
import { createEdfSchedule, type EdfSchedule } from '../../../../packages/mesh-client/src/balancing/edf-schedule.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Case {
  readonly name: string
  readonly pre_picks?: number
  readonly weights?: readonly number[]
  readonly picks?: readonly number[]
  readonly first_pick_by_pre_picks_0_to_9?: readonly number[]
  readonly steps?: readonly {
    readonly weights: readonly number[]
    readonly rebuild: boolean
    readonly picks: readonly number[]
  }[]
}

const vectors = readVectors<{ readonly cases: readonly Case[] }>('algorithms/wrr-edf.json')

function take(schedule: EdfSchedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule.next())
}

function fixed(weights: readonly number[], start = 0): EdfSchedule {
  return createEdfSchedule(weights.length, (index) => weights[index] as number, start)
}

describe.skipIf(vectors === undefined)(vectorTitle('known answers', vectors), () => {
  const cases = vectors?.cases ?? []

  test.each(cases.filter((one) => one.steps !== undefined))('$name', ({ steps = [], pre_picks: start = 0 }) => {
    let weights: readonly number[] = []
    let schedule: EdfSchedule | undefined
    for (const step of steps) {
      weights = step.weights
      if (step.rebuild || schedule === undefined) {
        schedule = createEdfSchedule(weights.length, (index) => weights[index] as number, start)
      }
      expect(take(schedule, step.picks.length)).toEqual(step.picks)
    }
  })

  test.each(cases.filter((one) => one.picks !== undefined))('$name', ({ weights = [], picks = [] }) => {
    expect(take(fixed(weights), picks.length)).toEqual(picks)
  })

  test.each(cases.filter((one) => one.first_pick_by_pre_picks_0_to_9 !== undefined))('$name', (one) => {
    const firsts = one.first_pick_by_pre_picks_0_to_9?.map((_, start) => fixed(one.weights ?? [], start).next())
    expect(firsts).toEqual(one.first_pick_by_pre_picks_0_to_9)
  })
})

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
