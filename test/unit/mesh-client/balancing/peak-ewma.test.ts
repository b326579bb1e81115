import { DEFAULT_PEAK_EWMA } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPicker } from '../../../../packages/mesh-client/src/balancing/create-picker.ts'
import { failureRttMs, isFailedAnswer } from '../../../../packages/mesh-client/src/balancing/failure-penalty.ts'
import { peakEwmaCost } from '../../../../packages/mesh-client/src/balancing/peak-ewma.ts'
import { PeakEwma } from '../../../../packages/mesh-client/src/kernel/peak-ewma.ts'
import { retryAfterMs } from '../../../../packages/mesh-client/src/kernel/retry-after.ts'
import { depsOf, hostsOf, type TestHost } from '../../../support/balancing.ts'

const DECAY = 10_000

describe('the average', () => {
  const observation = fc.record({ rttMs: fc.double({ min: 0, max: 1e6, noNaN: true }), afterMs: fc.nat(60_000) })

  test('takes a rise whole, and falls by and by', () => {
    const average = new PeakEwma(10, 0)
    average.observe(500, 1_000, DECAY)
    expect(average.at(1_000, DECAY)).toBe(500)
    average.observe(10, 2_000, DECAY)
    const kept = Math.exp(-0.1)
    expect(average.at(2_000, DECAY)).toBeCloseTo(500 * kept + 10 * (1 - kept), 9)
  })

  test('decays towards 0 while nothing is measured, by 1/e in the decay time', () => {
    const average = new PeakEwma(1_000, 0)
    expect(average.at(DECAY, DECAY)).toBeCloseTo(1_000 / Math.E, 9)
    expect(average.at(20 * DECAY, DECAY)).toBeLessThan(0.001)
  })

  test('looking at it changes nothing', () => {
    const [looked, left] = [new PeakEwma(700, 0), new PeakEwma(700, 0)]
    for (let now = 0; now < 5_000; now += 100) looked.at(now, DECAY)
    looked.observe(100, 5_000, DECAY)
    left.observe(100, 5_000, DECAY)
    expect(looked.at(6_000, DECAY)).toBe(left.at(6_000, DECAY))
  })

  test('takes every peak whole, and lies between what it was and what was measured otherwise', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 40 }), (all) => {
        let now = 0
        let highest = 0
        const average = new PeakEwma(0, 0)
        for (const { rttMs, afterMs } of all) {
          now += afterMs
          highest = Math.max(highest, rttMs)
          const before = average.at(now, DECAY)
          average.observe(rttMs, now, DECAY)
          const after = average.at(now, DECAY)
          if (rttMs > before) expect(after).toBe(rttMs)
          expect(after).toBeGreaterThanOrEqual(Math.min(before, rttMs) * (1 - 1e-9))
          expect(after).toBeLessThanOrEqual(highest * (1 + 1e-9))
        }
      }),
    )
  })

  test('more latency never makes it less', () => {
    fc.assert(
      fc.property(
        fc.array(observation, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        (all, more) => {
          let now = 0
          const [less, higher] = [new PeakEwma(1, 0), new PeakEwma(1, 0)]
          for (const { rttMs, afterMs } of all) {
            now += afterMs
            less.observe(rttMs, now, DECAY)
            higher.observe(rttMs + more, now, DECAY)
          }
          expect(higher.at(now, DECAY)).toBeGreaterThanOrEqual(less.at(now, DECAY) * (1 - 1e-9))
        },
      ),
    )
  })

  test('a moment that comes too late does no harm', () => {
    const average = new PeakEwma(100, 1_000)
    average.observe(50, 500, DECAY)
    expect(average.at(1_000, DECAY)).toBe(100)
  })
})

function measured(host: TestHost, rttMs: number): TestHost {
  host.latency = new PeakEwma(rttMs, 0)
  return host
}

describe('the cost of a host', () => {
  const config = DEFAULT_PEAK_EWMA

  test('is its latency for each request under way and the new one', () => {
    const [host] = hostsOf([1]) as [TestHost]
    measured(host, 20)
    host.active = 4
    expect(peakEwmaCost(host, config, 0)).toBe(100)
  })

  test('is less for more weight', () => {
    const [host] = hostsOf([4]) as [TestHost]
    expect(peakEwmaCost(measured(host, 20), config, 0)).toBe(5)
  })

  test('of one that nothing is known of is 0 while it is idle, and the default while it is tried', () => {
    const [host] = hostsOf([1]) as [TestHost]
    expect(peakEwmaCost(host, config, 0)).toBe(0)
    host.active = 1
    expect(peakEwmaCost(host, config, 0)).toBe(2 * config.defaultRttMs)
  })
})

describe('PEAK_EWMA', () => {
  test('of two hosts always takes the cheaper one', () => {
    const [slow, fast] = hostsOf([1, 1]) as [TestHost, TestHost]
    measured(slow, 50)
    measured(fast, 5)
    const picker = createPicker({ lbPolicy: 'PEAK_EWMA' }, [slow, fast], depsOf(1))
    for (let at = 0; at < 100; at++) expect(picker.pick()).toBe(fast)
    fast.active = 10
    for (let at = 0; at < 100; at++) expect(picker.pick()).toBe(slow)
  })

  test('never takes the dearest of many', () => {
    const hosts = hostsOf(Array.from({ length: 10 }, () => 1)).map((host) => measured(host, 5))
    const dearest = measured(hosts[3] as TestHost, 5.1)
    const picker = createPicker({ lbPolicy: 'PEAK_EWMA' }, hosts, depsOf(1))
    for (let at = 0; at < 1_000; at++) expect(picker.pick()).not.toBe(dearest)
  })

  test('spreads over hosts that are alike', () => {
    const hosts = hostsOf([1, 1, 1, 1]).map((host) => measured(host, 5))
    const picker = createPicker({ lbPolicy: 'PEAK_EWMA' }, hosts, depsOf(1))
    for (let at = 0; at < 4_000; at++) (picker.pick() as TestHost).active++
    for (const { active } of hosts) expect(Math.abs(active - 1_000)).toBeLessThan(10)
  })

  test('tries a new host at once, by one request at a time', () => {
    const hosts = hostsOf([1, 1, 1]).map((host) => measured(host, 5))
    const fresh = hosts[2] as TestHost
    fresh.latency = undefined
    const picker = createPicker({ lbPolicy: 'PEAK_EWMA' }, hosts, depsOf(1))
    let picks = 0
    for (let at = 0; at < 50; at++) {
      const host = picker.pick() as TestHost
      if (host !== fresh) continue
      fresh.active++
      picks++
    }
    expect(picks).toBe(1)
  })
})

describe('a failure', () => {
  test.each([
    [200, undefined, false],
    [404, undefined, false],
    [429, undefined, true],
    [500, undefined, true],
    [503, undefined, true],
    [200, '0', false],
    [200, '5', false],
    [200, '14', true],
    [200, '4', true],
  ])('is told by status %d and gRPC status %s: %s', (status, grpcStatus, failed) => {
    expect(isFailedAnswer(status, grpcStatus)).toBe(failed)
  })

  test.each([
    ['the penalty', 10, undefined, 5_000],
    ['the pause that is asked for', 10, 60_000, 60_000],
    ['five minutes at most', 10, 3_600_000, 300_000],
    ['what is thought already, where that is worse', 400_000, undefined, 400_000],
  ])('counts as %s', (_, current, hint, expected) => {
    expect(failureRttMs(DEFAULT_PEAK_EWMA, current, hint)).toBe(expected)
  })

  const WALL = Date.UTC(2026, 0, 1)
  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['1.5', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('asks for a pause by %j', (value, expected) => {
    expect(retryAfterMs(value, WALL)).toBe(expected)
  })
})
