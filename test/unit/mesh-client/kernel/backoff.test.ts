import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fullJitterDelay } from '../../../../packages/mesh-client/src/kernel/backoff.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'

describe('fullJitterDelay', () => {
  test('stays below the cap however many retries there were', () => {
    const schedule = { baseIntervalMs: 25, maxIntervalMs: 250 }
    const highest = { next: () => 0.999_999 }
    expect([1, 2, 3, 4, 5, 50, 5_000].map((retry) => fullJitterDelay(schedule, retry, highest))).toEqual([
      24, 49, 99, 199, 249, 249, 249,
    ])
    expect(fullJitterDelay(schedule, 9, { next: () => 0 })).toBe(0)
    expect(fullJitterDelay({ ...schedule, minIntervalMs: 40 }, 9, { next: () => 0 })).toBe(40)
  })
})

describe('the interval', () => {
  const highest = { next: () => 1 - Number.EPSILON }

  /** The longest waits of the first retries are one less than the intervals. */
  test.each([
    ['doubles', 5, 100, [5, 10, 20, 40, 80, 100, 100]],
    ['doubles while that is below the maximum', 25, 30, [25, 30, 30]],
    ['jumps from half of an odd maximum, rounded down', 25, 51, [25, 51, 51]],
    ['reaches an even maximum by doubling', 25, 50, [25, 50, 50]],
    ['is the base where that is the maximum', 7, 7, [7, 7]],
    ['is never over the maximum', 9, 7, [7, 7]],
    ['of 1', 1, 10, [1, 2, 4, 8, 10]],
    ['of nothing', 0, 0, [0, 0]],
  ])('%s', (_, baseIntervalMs, maxIntervalMs, expected) => {
    const schedule = { baseIntervalMs, maxIntervalMs }
    const found = expected.map((_interval, index) => fullJitterDelay(schedule, index + 1, highest))
    expect(found).toEqual(expected.map((interval) => Math.max(0, interval - 1)))
  })

  test('no wait is below 0 or at the interval, however many retries there were', () => {
    const milliseconds = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(
        milliseconds,
        milliseconds,
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer(),
        (base, more, retry, seed) => {
          const schedule = { baseIntervalMs: base, maxIntervalMs: base + more }
          const delay = fullJitterDelay(schedule, retry, seededRandom(seed))
          expect(Number.isInteger(delay)).toBe(true)
          expect(delay).toBeGreaterThanOrEqual(0)
          expect(delay).toBeLessThan(Math.min(base * 2 ** (retry - 1) + 1, base + more))
        },
      ),
    )
  })
})
