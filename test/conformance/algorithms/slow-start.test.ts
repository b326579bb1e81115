import { expect } from 'vitest'
import { createEdfSchedule } from '../../../packages/mesh-client/src/balancing/edf-schedule.ts'
import { slowStartFactor } from '../../../packages/mesh-client/src/balancing/slow-start.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface Weight {
  readonly elapsed_ms: number
  readonly window_ms: number
  readonly aggression: number | string
  readonly min_weight_percent: number
  readonly host_weight: number
  readonly expected_weight: number
}

interface Sequence {
  readonly name: string
  readonly weights: readonly number[]
  readonly weights_at_build?: readonly number[]
  readonly picks: readonly number[]
}

const vectors = readVectors<{ readonly weights: readonly Weight[]; readonly pick_sequences: readonly Sequence[] }>(
  'algorithms/slow-start.json',
)

algorithmSuite(
  'slow-start',
  'How much of its weight a new endpoint has, and the order of picks that it makes.',
  vectors,
  () =>
    [
      ...(vectors?.weights ?? []).map((row) => ({
        name: `${row.elapsed_ms} of ${row.window_ms} ms, aggression ${row.aggression}, from ${row.min_weight_percent} %, weight ${row.host_weight}`,
        check: () => checkWeight(row),
      })),
      ...(vectors?.pick_sequences ?? []).map((row) => ({ name: row.name, check: () => checkSequence(row) })),
    ] satisfies AlgorithmRow[],
)

function checkWeight(row: Weight): void {
  const config = {
    windowMs: row.window_ms,
    aggression: Number(row.aggression),
    minWeightPercent: row.min_weight_percent,
  }
  expect(row.host_weight * slowStartFactor(config, row.elapsed_ms)).toBeCloseTo(row.expected_weight, 12)
}

function checkSequence({ weights, weights_at_build: first = weights, picks }: Sequence): void {
  let now = first
  const schedule = createEdfSchedule(weights.length, (index) => now[index] as number, 0)
  now = weights
  expect(picks.map(() => schedule.next())).toEqual(picks)
}
