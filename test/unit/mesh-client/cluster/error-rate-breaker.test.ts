import { DEFAULT_ERROR_RATE_BREAKER, type ErrorRateBreaker } from '@weft/mesh-protocol'
import fc from 'fast-check'
import CircuitBreaker from 'opossum'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ErrorRateBreakerRuntime } from '../../../../packages/mesh-client/src/cluster/error-rate-breaker.ts'
import type { Outcome } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { wireEndpoint } from '../../../support/wire.ts'
import { bench, FAILED, OK, REFUSED } from './bench.ts'

const POLICY: ErrorRateBreaker = {
  errorThresholdPercentage: 50,
  requestVolumeThreshold: 4,
  rollingWindowMs: 10_000,
  openDurationMs: 30_000,
}

const ABORTED: Outcome = { kind: 'aborted' }

interface Made {
  readonly breaker: ErrorRateBreakerRuntime
  readonly states: string[]
  feed(now: number, ...outcomes: readonly Outcome[]): void
}

function make(policy: Partial<ErrorRateBreaker> = {}, before?: ErrorRateBreakerRuntime, now = 0): Made {
  const states: string[] = []
  const breaker = new ErrorRateBreakerRuntime({ ...POLICY, ...policy }, (state) => states.push(state), now, before)
  return {
    breaker,
    states,
    feed: (at, ...outcomes) => {
      for (const outcome of outcomes) breaker.ended(outcome, breaker.admit(at), at)
    },
  }
}

describe('opens', () => {
  test.each<[string, Partial<ErrorRateBreaker>, readonly Outcome[], string]>([
    ['at its share of failures', {}, [OK, OK, FAILED, FAILED], 'open'],
    ['not below', {}, [OK, OK, OK, FAILED, OK], 'closed'],
    ['not below its volume', {}, [FAILED, FAILED, FAILED], 'closed'],
    ['at a share of 100 %', { errorThresholdPercentage: 100 }, [FAILED, FAILED, FAILED, FAILED], 'open'],
    ['at 100 % only then', { errorThresholdPercentage: 100 }, [OK, FAILED, FAILED, FAILED, FAILED], 'closed'],
    ['on connections and timeouts', {}, [REFUSED, { kind: 'reset' }, { kind: 'timeout' }, FAILED], 'open'],
    ['not on 4xx', {}, Array.from({ length: 9 }, (): Outcome => ({ kind: 'response', status: 429 })), 'closed'],
    ['not on what the caller gave up', {}, [ABORTED, ABORTED, FAILED, FAILED, ABORTED, FAILED], 'closed'],
    ['not on local limits', {}, Array.from({ length: 9 }, (): Outcome => ({ kind: 'localOverflow' })), 'closed'],
    ['and aborts do not thin the rate', {}, [ABORTED, ABORTED, ABORTED, OK, OK, FAILED, FAILED], 'open'],
  ])('%s', (_, policy, outcomes, state) => {
    const made = make(policy)
    made.feed(0, ...outcomes)
    expect(made.breaker.state).toBe(state)
    expect(made.states).toEqual(state === 'open' ? ['open'] : [])
  })

  test('counts what is in the window only', () => {
    const made = make()
    made.feed(0, FAILED, FAILED, FAILED)
    made.feed(10_000, FAILED, OK)
    expect(made.breaker.state).toBe('closed')
    made.feed(19_000, OK, FAILED, FAILED)
    expect(made.breaker.state).toBe('open')
  })

  test('agrees with counting by hand', () => {
    const calls = fc.array(fc.record({ after: fc.constantFrom(0, 300, 1_000, 2_500), failed: fc.boolean() }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(calls, fc.constantFrom(1, 34, 50, 100), fc.integer({ min: 0, max: 8 }), (all, share, volume) => {
        const made = make({ errorThresholdPercentage: share, requestVolumeThreshold: volume })
        const seen: { slice: number; failed: boolean }[] = []
        let now = 0
        for (const { after, failed } of all) {
          now += after
          const slice = Math.floor(now / 1_000)
          seen.push({ slice, failed })
          made.feed(now, failed ? FAILED : OK)
          const recent = seen.filter((call) => call.slice > slice - 10)
          const failures = recent.filter((call) => call.failed).length
          const due = failed && recent.length >= volume && (failures / recent.length) * 100 >= share
          expect(made.breaker.state).toBe(due ? 'open' : 'closed')
          if (due) return
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('when open', () => {
  function open(): Made {
    const made = make()
    made.feed(1_000, FAILED, FAILED, FAILED, FAILED)
    return made
  }

  test('admits nothing for its time and then one trial', () => {
    const { breaker } = open()
    expect(breaker.admit(1_000)).toBe('open')
    expect(breaker.admit(30_999)).toBe('open')
    expect(breaker.admit(31_000)).toBe('trial')
    expect(breaker.state).toBe('half-open')
    expect(breaker.admit(31_000)).toBe('open')
  })

  test('closes on a trial that succeeds, and forgets what the window still holds', () => {
    const { breaker, feed, states } = make({ openDurationMs: 500 })
    feed(1_000, FAILED, FAILED, FAILED, FAILED)
    feed(1_500, OK)
    expect(breaker.state).toBe('closed')
    feed(1_501, FAILED, FAILED, FAILED)
    expect(breaker.state).toBe('closed')
    feed(1_501, FAILED)
    expect(states).toEqual(['open', 'half-open', 'closed', 'open'])
  })

  test('stays open for its time again on a trial that fails', () => {
    const { breaker, feed, states } = open()
    feed(31_000, FAILED)
    expect(breaker.admit(60_999)).toBe('open')
    expect(breaker.admit(61_000)).toBe('trial')
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open'])
  })

  test('gives the place of a trial that says nothing to the next call', () => {
    const { breaker, feed } = open()
    feed(31_000, ABORTED)
    expect(breaker.state).toBe('open')
    expect(breaker.admit(31_001)).toBe('trial')
  })

  test('gives the place of a trial that never ends away after its time', () => {
    const { breaker } = open()
    expect(breaker.admit(31_000)).toBe('trial')
    expect(breaker.admit(60_999)).toBe('open')
    expect(breaker.admit(61_000)).toBe('trial')
    breaker.ended(OK, 'trial', 61_001)
    expect(breaker.state).toBe('closed')
    breaker.ended(FAILED, 'trial', 61_002)
    expect(breaker.state).toBe('closed')
  })

  test('learns nothing from calls that went before it opened', () => {
    const { breaker } = open()
    breaker.ended(OK, 'pass', 2_000)
    breaker.ended(FAILED, 'pass', 2_000)
    expect(breaker.admit(30_999)).toBe('open')
    expect(breaker.admit(31_000)).toBe('trial')
  })
})

describe('a policy that changes', () => {
  test('keeps the counts', () => {
    const first = make({ requestVolumeThreshold: 100 })
    first.feed(0, FAILED, FAILED, FAILED)
    const second = make({}, first.breaker, 5_000)
    second.feed(5_000, FAILED)
    expect(second.breaker.state).toBe('open')
  })

  test('keeps it open since when it opened, by the new time', () => {
    const first = make()
    first.feed(1_000, FAILED, FAILED, FAILED, FAILED)
    const second = make({ openDurationMs: 5_000 }, first.breaker, 2_000)
    expect(second.breaker.state).toBe('open')
    expect(second.breaker.admit(5_999)).toBe('open')
    expect(second.breaker.admit(6_000)).toBe('trial')
    second.feed(6_000, OK)
    const third = make({}, second.breaker, 6_001)
    third.breaker.ended(OK, 'trial', 6_001)
    expect(third.breaker.state).toBe('closed')
  })
})

describe('opossum', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('sets no timer while closed and leaves none behind', () => {
    const made = make()
    made.feed(0, OK, FAILED)
    expect(vi.getTimerCount()).toBe(0)
    made.feed(0, FAILED, FAILED, FAILED)
    expect(made.breaker.state).toBe('open')
    const second = make({ openDurationMs: 1 }, made.breaker)
    second.breaker.close(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('keeps no latency of a call for longer than a tenth of the window', async () => {
    const fire = vi.spyOn(CircuitBreaker.prototype, 'fire')
    const made = make()
    for (let at = 0; at < 5_000; at += 10) {
      made.feed(at, at % 100 === 0 ? FAILED : OK)
      await Promise.resolve()
    }
    made.feed(5_000, FAILED)
    const [opossum] = fire.mock.contexts as unknown as CircuitBreaker[]
    const latencies = opossum?.status.window.map((bucket) => (bucket as CircuitBreaker.Stats).latencyTimes.length)
    fire.mockRestore()
    expect(opossum?.stats).toMatchObject({ fires: 501, successes: 450, failures: 51 })
    expect(latencies?.slice(1).every((length) => length === 0)).toBe(true)
  })

  test('does not go half-open by itself', () => {
    const made = make()
    made.feed(0, FAILED, FAILED, FAILED, FAILED)
    vi.advanceTimersByTime(3_600_000)
    expect(made.breaker.state).toBe('open')
    expect(made.breaker.admit(29_999)).toBe('open')
  })
})

describe('a cluster', () => {
  const endpoints = [wireEndpoint(1)]

  test('tells each change of state, also when the policy is taken away', () => {
    const { set, told, time } = bench()
    const cluster = set(endpoints, { errorRateBreaker: POLICY })
    for (let at = 0; at < 4; at++) cluster.callEnded(FAILED, cluster.breakerAdmits(0), 0)
    expect(cluster.breakerAdmits(1)).toBe('open')
    set(endpoints, { errorRateBreaker: { ...POLICY } })
    expect(cluster.breakerState).toBe('open')
    set(endpoints)
    expect(cluster.breakerAdmits(time.clock.now())).toBe('pass')
    expect(told).toEqual(['breaker open', 'breaker closed'])
  })

  test('rebuilds it with its state when the policy changes', () => {
    const { set, told } = bench()
    const cluster = set(endpoints, { errorRateBreaker: POLICY })
    for (let at = 0; at < 4; at++) cluster.callEnded(FAILED, cluster.breakerAdmits(0), 0)
    set(endpoints, { errorRateBreaker: { ...DEFAULT_ERROR_RATE_BREAKER, openDurationMs: 10 } })
    expect(cluster.breakerAdmits(9)).toBe('open')
    expect(cluster.breakerAdmits(10)).toBe('trial')
    cluster.callEnded(OK, 'trial', 11)
    expect(told).toEqual(['breaker open', 'breaker half-open', 'breaker closed'])
  })
})
