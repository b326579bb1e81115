import { DEFAULT_OUTLIER_DETECTION, type OutlierDetection } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  afterAttempt,
  HEALTHY_STATE,
  type OutlierEvent,
  type OutlierState,
} from '../../../../packages/mesh-client/src/health/outlier-detection.ts'
import { afterSweep } from '../../../support/after-sweep.ts'

const ROOM = { ejected: 0, hosts: 10 }
const ALL: OutlierDetection = { ...DEFAULT_OUTLIER_DETECTION, consecutiveGatewayFailure: 3, maxEjectionPercent: 100 }
const SPLIT: OutlierDetection = { ...ALL, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailure: 2 }

type Letter = number | 'timeout' | 'failure'

function event(letter: Letter): OutlierEvent {
  return typeof letter === 'number' ? { kind: 'response', status: letter } : { kind: letter }
}

function run(policy: OutlierDetection, letters: readonly Letter[], from: OutlierState = HEALTHY_STATE): OutlierState {
  return letters.reduce((state, letter) => afterAttempt(policy, state, event(letter), ROOM, 0), from)
}

describe('ejection', () => {
  const times = (count: number, letter: Letter): Letter[] => Array.from({ length: count }, () => letter)

  test.each<[string, OutlierDetection, readonly Letter[], string | undefined]>([
    ['four 5xx are not five', ALL, times(4, 500), undefined],
    ['five 5xx', ALL, times(5, 500), 'consecutive_5xx'],
    ['a success starts the count again', ALL, [...times(4, 500), 200, ...times(4, 500)], undefined],
    ['4xx are successes', ALL, [...times(4, 500), 429, ...times(4, 500)], undefined],
    ['three gateway errors', ALL, [502, 503, 504], 'consecutive_gateway_failure'],
    ['another 5xx starts only the gateway count again', ALL, [503, 503, 500, 503, 503], 'consecutive_5xx'],
    ['connect failures are gateway errors', ALL, times(3, 'failure'), 'consecutive_gateway_failure'],
    ['timeouts are gateway errors', ALL, ['timeout', 503, 'failure'], 'consecutive_gateway_failure'],
    [
      'the gateway is judged before the 5xx',
      { ...ALL, consecutive5xx: 3 },
      times(3, 503),
      'consecutive_gateway_failure',
    ],
    ['0 turns a detector off', { ...ALL, consecutive5xx: 0, consecutiveGatewayFailure: 0 }, times(50, 503), undefined],
    [
      'split: failures of the client are counted apart',
      SPLIT,
      ['failure', 'timeout'],
      'consecutive_local_origin_failure',
    ],
    [
      'split: they are no gateway errors',
      { ...SPLIT, consecutiveLocalOriginFailure: 9 },
      times(4, 'failure'),
      undefined,
    ],
    ['split: any response shows that it was reached', SPLIT, ['failure', 500, 'failure', 200, 'failure'], undefined],
    ['split: they leave the other counts alone', SPLIT, [503, 503, 'failure', 503], 'consecutive_gateway_failure'],
    ['own codes count', { ...ALL, httpErrorCodes: [429] }, times(5, 429), 'consecutive_5xx'],
    ['own codes count alone', { ...ALL, httpErrorCodes: [429] }, times(9, 503), undefined],
    ['own codes keep their kind', { ...ALL, httpErrorCodes: [503] }, times(3, 503), 'consecutive_gateway_failure'],
    [
      'with own codes, failures of the client still count',
      { ...ALL, httpErrorCodes: [429] },
      times(3, 'failure'),
      'consecutive_gateway_failure',
    ],
  ])('%s', (_, policy, letters, reason) => {
    expect(run(policy, letters).ejection?.reason).toBe(reason)
  })

  test.each([
    [10, 9, 0, false],
    [10, 10, 0, true],
    [10, 10, 1, false],
    [50, 2, 0, true],
    [50, 3, 1, false],
    [100, 1, 0, true],
    [0, 100, 0, false],
  ])('at most %i %% of %i hosts with %i out: %s', (maxEjectionPercent, hosts, ejected, expected) => {
    const policy = { ...ALL, maxEjectionPercent, consecutive5xx: 1 }
    const state = afterAttempt(policy, HEALTHY_STATE, event(500), { ejected, hosts }, 7)
    expect(state.ejection).toEqual(expected ? { at: 7, reason: 'consecutive_5xx' } : undefined)
    expect(state.consecutive5xx).toBe(0)
  })

  test('an unblemished endpoint costs no new state', () => {
    expect(run(ALL, [200, 404])).toBe(HEALTHY_STATE)
  })

  test('a threshold lowered below the count takes effect at the next error', () => {
    expect(run({ ...ALL, consecutive5xx: 2 }, [500], run(ALL, [500, 500, 500])).ejection).toBeDefined()
  })
})

describe('sweeps', () => {
  const policy = { ...ALL, baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 70_000, intervalMs: 10_000 }

  function ejectedTimes(times: number): OutlierState {
    let state = HEALTHY_STATE
    for (let at = 0; at < times; at++) {
      state = run(policy, [500, 500, 500, 500, 500], { ...state, ejection: undefined })
    }
    return state
  }

  test.each([
    [1, 30_000],
    [2, 60_000],
    [3, 70_000],
    [9, 70_000],
  ])('after %i ejections it is out for %i ms', (times, outFor) => {
    const out = ejectedTimes(times)
    expect(afterSweep(policy, out, outFor - 1)).toBe(out)
    expect(afterSweep(policy, out, outFor)).toMatchObject({
      ejection: undefined,
      unejectedAt: outFor,
      consecutive5xx: 0,
      multiplier: out.multiplier,
    })
  })

  test('the multiplier stops growing once the longest time is reached', () => {
    expect(ejectedTimes(20).multiplier).toBe(4)
  })

  test('a base above the maximum counts as the maximum', () => {
    const long = { ...policy, baseEjectionTimeMs: 90_000 }
    expect(afterSweep(long, ejectedTimes(1), 89_999).ejection).toBeDefined()
    expect(afterSweep(long, ejectedTimes(1), 90_000).ejection).toBeUndefined()
  })

  test('the multiplier shrinks from an interval after the return on, once a sweep', () => {
    const back = afterSweep(policy, ejectedTimes(2), 60_000)
    expect(afterSweep(policy, back, 69_999)).toBe(back)
    const once = afterSweep(policy, back, 70_000)
    expect(once.multiplier).toBe(1)
    expect(afterSweep(policy, once, 80_000).multiplier).toBe(0)
    const rested = afterSweep(policy, once, 80_000)
    expect(afterSweep(policy, rested, 90_000)).toBe(rested)
  })

  test('errors while it is out neither lengthen the ejection nor are held against it afterwards', () => {
    const out = run(policy, [500, 500, 500, 500, 500, 500, 500, 500, 500, 500], ejectedTimes(1))
    expect(out.multiplier).toBe(1)
    const back = afterSweep(policy, out, 30_000)
    expect(run(policy, [500, 500, 500, 500], back).ejection).toBeUndefined()
  })
})
