import { expect } from 'vitest'
import { createEdfSchedule, type EdfSchedule } from '../../../packages/mesh-client/src/balancing/edf-schedule.ts'
import { readVectors } from '../../support/vectors.ts'
import { algorithmSuite } from './algorithm-suite.ts'

interface Case {
  readonly name: string
  readonly pre_picks?: number
  /** In words where there are many. */
  readonly weights?: readonly number[] | string
  readonly picks?: readonly number[]
  readonly first_pick_by_pre_picks_0_to_9?: readonly number[]
  readonly counts?: readonly number[]
  readonly n_picks?: number
  readonly expected_counts?: string
  readonly expected?: string
  readonly steps?: readonly {
    readonly weights: readonly number[]
    readonly rebuild: boolean
    readonly picks: readonly number[]
  }[]
}

const vectors = readVectors<{ readonly cases: readonly Case[] }>('algorithms/wrr-edf.json')

algorithmSuite('wrr-edf', 'Envoy’s weighted round robin by the earliest deadline.', vectors, () =>
  (vectors?.cases ?? []).map((one) => ({ name: one.name, check: () => check(one) })),
)

function check(one: Case): void {
  const weights = weightsOf(one.weights ?? [])
  checkSteps(one)
  if (one.picks !== undefined) expect(take(fixed(weights, one.pre_picks), one.picks.length)).toEqual(one.picks)
  const firsts = one.first_pick_by_pre_picks_0_to_9
  if (firsts !== undefined) {
    const found = firsts.map((_, start) => fixed(weights, start).next())
    expect(found).toEqual(firsts)
    if (one.counts !== undefined) expect(countsOf(found, weights.length)).toEqual(one.counts)
  }
  // In words: each as often as its weight says.
  if (one.n_picks !== undefined) expect(countsOf(take(fixed(weights), one.n_picks), weights.length)).toEqual(weights)
  // In words: in order, every round.
  if (one.expected !== undefined) {
    const order = [...weights.keys()]
    expect(take(fixed(weights), 3 * weights.length)).toEqual([...order, ...order, ...order])
  }
}

function checkSteps({ steps = [], pre_picks: start = 0 }: Case): void {
  let weights: readonly number[] = []
  let schedule: EdfSchedule | undefined
  for (const step of steps) {
    weights = step.weights
    if (step.rebuild || schedule === undefined) {
      schedule = createEdfSchedule(weights.length, (index) => weights[index] as number, start)
    }
    expect(take(schedule, step.picks.length)).toEqual(step.picks)
  }
}

/** `1..128` or `128 entries of weight 1`. */
function weightsOf(weights: readonly number[] | string): readonly number[] {
  if (typeof weights !== 'string') return weights
  const [first = 0, second = 0] = [...weights.matchAll(/\d+/g)].map(([digits]) => Number(digits))
  if (!weights.includes('..')) return Array.from({ length: first }, () => second)
  return Array.from({ length: second - first + 1 }, (_, index) => first + index)
}

function fixed(weights: readonly number[], start = 0): EdfSchedule {
  return createEdfSchedule(weights.length, (index) => weights[index] as number, start)
}

function take(schedule: EdfSchedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule.next())
}

function countsOf(picks: readonly number[], length: number): number[] {
  const counts = Array.from({ length }, () => 0)
  for (const index of picks) counts[index] = (counts[index] as number) + 1
  return counts
}
