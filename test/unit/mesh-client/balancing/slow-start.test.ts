import type { SlowStartConfig } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPicker } from '../../../../packages/mesh-client/src/balancing/create-picker.ts'
import { slowStartFactor } from '../../../../packages/mesh-client/src/balancing/slow-start.ts'
import { depsOf, hostsOf, type TestHost } from '../../../support/balancing.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const WINDOW: SlowStartConfig = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 }

test.each([
  ['at once', 0, {}, 0.1],
  ['the least counts from the first millisecond', 1, { minWeightPercent: 0 }, 0.0001],
  ['before it was there', -5_000, { minWeightPercent: 0 }, 0.0001],
  ['below the least', 999, {}, 0.1],
  ['over the least', 1_001, {}, 0.1001],
  ['half way', 5_000, {}, 0.5],
  ['half way, faster at first', 5_000, { aggression: 2 }, Math.SQRT1_2],
  ['half way, slower at first', 5_000, { aggression: 0.5 }, 0.25],
  ['without aggression', 5_000, { aggression: 0 }, 0.5],
  ['with less than none', 5_000, { aggression: -1 }, 0.5],
  ['with what is no number', 5_000, { aggression: Number.NaN }, 0.5],
  ['just before the end', 9_999, {}, 0.9999],
  ['at the end', 10_000, {}, 1],
  ['after it', 10_001, {}, 1],
  ['with all of it as the least', 0, { minWeightPercent: 100 }, 1],
])('%s', (_, elapsedMs, more, expected) => {
  expect(slowStartFactor({ ...WINDOW, ...more }, elapsedMs)).toBeCloseTo(expected, 12)
})

test('a host gets more and more of its weight, never less than the least and never more than all', () => {
  const config = fc.record({
    windowMs: fc.integer({ min: 1, max: 100_000 }),
    aggression: fc.double({ min: -1, max: 10 }),
    minWeightPercent: fc.integer({ min: 0, max: 100 }),
  })
  const ages = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(config, ages, (one, all) => {
      const factors = all.sort((a, b) => a - b).map((age) => slowStartFactor(one, age))
      factors.forEach((factor, index) => {
        expect(factor).toBeGreaterThanOrEqual(Math.max(one.minWeightPercent / 100, factors[index - 1] ?? 0))
        expect(factor).toBeLessThanOrEqual(1)
      })
      expect(slowStartFactor(one, one.windowMs)).toBe(1)
    }),
  )
})

function shareOfNew(lbPolicy: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM', age: number, picks = 3_000): number {
  const time = fakeClock()
  const hosts = hostsOf([1, 1])
  const fresh = hosts[1] as TestHost
  for (const host of hosts) host.warmSince = -1_000_000
  fresh.warmSince = -age
  const picker = createPicker({ lbPolicy, slowStart: WINDOW }, hosts, depsOf(1, time))
  let got = 0
  for (let at = 0; at < picks; at++) if (picker.pick() === fresh) got++
  return got / picks
}

test.each(['ROUND_ROBIN', 'LEAST_REQUEST'] as const)('%s gives a new host its share by and by', (lbPolicy) => {
  expect(shareOfNew(lbPolicy, 0)).toBeCloseTo(0.1 / 1.1, 1)
  expect(shareOfNew(lbPolicy, 5_000)).toBeCloseTo(0.5 / 1.5, 1)
  expect(shareOfNew(lbPolicy, 10_000)).toBeCloseTo(0.5, 1)
})

test('other policies know no slow start', () => {
  expect(shareOfNew('RANDOM', 0)).toBeCloseTo(0.5, 1)
})

test.each(['ROUND_ROBIN', 'LEAST_REQUEST'] as const)(
  '%s is what it is without, once all are warm',
  async (lbPolicy) => {
    const time = fakeClock()
    const hosts = hostsOf([1, 1, 1])
    const picker = createPicker({ lbPolicy, slowStart: WINDOW }, hosts, depsOf(1, time))
    expect(picker.pick()).toBeDefined()
    await time.advance(10_000)
    if (lbPolicy === 'ROUND_ROBIN') {
      const names = Array.from({ length: 6 }, () => picker.pick()?.name)
      expect(names.slice(3)).toEqual(names.slice(0, 3))
    } else {
      const busy = hosts[0] as TestHost
      busy.active = 9
      for (let at = 0; at < 200; at++) expect(picker.pick()).not.toBe(busy)
    }
  },
)
