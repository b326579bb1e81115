import {
  DEFAULT_FAILURE_PERCENTAGE_DETECTION,
  DEFAULT_OUTLIER_DETECTION,
  DEFAULT_SUCCESS_RATE_DETECTION,
  type OutlierDetection,
} from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { wireEndpoint } from '../../../support/wire.ts'
import { type Bench, bench, FAILED, OK, stateOf } from './bench.ts'

const FIVE = [1, 2, 3, 4, 5].map((number) => wireEndpoint(number))
const OFF = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 0, maxEjectionPercent: 100 }
const RESET: Outcome = { kind: 'reset' }

/** So many good and bad answers of an endpoint, the good ones first. */
function answers(made: Bench, number: number, good: number, bad: number, outcome = FAILED): void {
  const cluster = made.manager.all()[Symbol.iterator]().next().value
  if (cluster === undefined) throw new Error('no cluster')
  const state = stateOf(cluster, wireEndpoint(number))
  for (let at = 0; at < good; at++) made.attempt(state, OK)
  for (let at = 0; at < bad; at++) made.attempt(state, outcome)
}

function start(policy: Partial<OutlierDetection>): Bench {
  const made = bench()
  made.set(FIVE, { outlierDetection: { ...OFF, ...policy } })
  return made
}

function others(made: Bench): void {
  for (const number of [2, 3, 4, 5]) answers(made, number, 100, 0)
}

describe('outlier detection that compares endpoints', () => {
  test('judges by the interval that has ended, at its end', async () => {
    const made = start({ successRate: DEFAULT_SUCCESS_RATE_DETECTION })
    others(made)
    answers(made, 1, 50, 50)
    await made.time.advance(9_999)
    expect(made.told).toEqual([])
    await made.time.advance(1)
    expect(made.told).toEqual([`ejected ${FIVE[0]?.id} success_rate`])
    others(made)
    await made.time.advance(10_000)
    expect(made.told).toHaveLength(1)
  })

  test('what was answered in another interval does not count, and an idle cluster has no timer', async () => {
    const made = start({ successRate: DEFAULT_SUCCESS_RATE_DETECTION })
    answers(made, 1, 0, 100)
    await made.time.advance(10_000)
    others(made)
    answers(made, 1, 0, 99)
    await made.time.advance(10_000)
    expect(made.told).toEqual([])
    expect(made.time.pendingTimers).toBe(0)
  })

  test('failure percentage, and enforcing of none', async () => {
    const failurePercentage = { ...DEFAULT_FAILURE_PERCENTAGE_DETECTION, requestVolume: 20 }
    const made = start({ failurePercentage })
    others(made)
    answers(made, 1, 3, 17)
    await made.time.advance(10_000)
    expect(made.told).toEqual([`ejected ${FIVE[0]?.id} failure_percentage`])
    const lenient = start({ failurePercentage: { ...failurePercentage, enforcingPercent: 0 } })
    others(lenient)
    answers(lenient, 1, 0, 50)
    await lenient.time.advance(10_000)
    expect(lenient.told).toEqual([])
  })

  test('split: what the client alone saw is compared apart', async () => {
    const failurePercentage = { ...DEFAULT_FAILURE_PERCENTAGE_DETECTION, requestVolume: 20 }
    const split = { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailure: 0, failurePercentage }
    const made = start(split)
    others(made)
    answers(made, 1, 3, 17, RESET)
    await made.time.advance(10_000)
    expect(made.told).toEqual([`ejected ${FIVE[0]?.id} failure_percentage_local_origin`])
  })

  test('what was refused locally or given up counts as nothing', async () => {
    const made = start({ failurePercentage: { ...DEFAULT_FAILURE_PERCENTAGE_DETECTION, requestVolume: 1 } })
    others(made)
    answers(made, 1, 0, 100, { kind: 'localOverflow' })
    answers(made, 1, 0, 100, { kind: 'aborted' })
    await made.time.advance(10_000)
    expect(made.told).toEqual([])
  })

  test('one may always go where the policy says so, however few there are', async () => {
    const ten = { maxEjectionPercent: 10, consecutive5xx: 1 }
    const strict = start(ten)
    answers(strict, 1, 0, 1)
    expect(strict.told).toEqual([])
    const made = start({ ...ten, alwaysEjectOneHost: true })
    answers(made, 1, 0, 1)
    answers(made, 2, 0, 1)
    expect(made.told).toEqual([`ejected ${FIVE[0]?.id} consecutive_5xx`])
  })

  test('an endpoint that comes back can go out again at the same sweep', async () => {
    const made = start({ successRate: DEFAULT_SUCCESS_RATE_DETECTION, baseEjectionTimeMs: 10_000 })
    others(made)
    answers(made, 1, 50, 50)
    await made.time.advance(10_000)
    others(made)
    answers(made, 1, 50, 50)
    await made.time.advance(10_000)
    expect(made.told.map((line) => line.split(' ')[0])).toEqual(['ejected', 'unejected', 'ejected'])
  })

  test('jitter lengthens an ejection by at most what is allowed', async () => {
    const made = start({
      consecutive5xx: 1,
      baseEjectionTimeMs: 1_000,
      intervalMs: 100,
      maxEjectionTimeJitterMs: 2_000,
    })
    answers(made, 1, 0, 1)
    await made.time.advance(1_000)
    expect(made.told).toHaveLength(1)
    await made.time.advance(2_100)
    expect(made.told).toHaveLength(2)
  })
})
