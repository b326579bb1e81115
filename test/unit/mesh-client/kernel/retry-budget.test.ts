import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowsConcurrentRetry, RetryWindow } from '../../../../packages/mesh-client/src/kernel/retry-budget.ts'

/** Of so many requests at one moment, each followed by a try to retry it. */
function retriesOf(window: RetryWindow, requests: number): number {
  let granted = 0
  for (let request = 0; request < requests; request++) {
    window.requested(0)
    if (window.tryRetry(0)) granted++
  }
  return granted
}

describe('a window', () => {
  test('of nothing never lets a retry through', () => {
    const window = new RetryWindow(0, 0, 10_000)
    expect(retriesOf(window, 100)).toBe(0)
  })

  test('gives back what was taken when the interval has passed', () => {
    const window = new RetryWindow(0.2, 1, 1_000)
    expect([window.tryRetry(0), window.tryRetry(500), window.tryRetry(999)]).toEqual([true, false, false])
    expect([window.tryRetry(1_000), window.tryRetry(1_001)]).toEqual([true, false])
  })

  test('over any interval there are no more retries than the reserve and the share of the requests of two', () => {
    const step = fc.record({ gapMs: fc.integer({ min: 0, max: 400 }), retries: fc.integer({ min: 0, max: 5 }) })
    const share = fc.integer({ min: 0, max: 100 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), share, fc.nat({ max: 5 }), (steps, percent, minPerSecond) => {
        const window = new RetryWindow(percent / 100, minPerSecond, 1_000)
        const requests: number[] = []
        const retries: number[] = []
        let now = 0
        for (const { gapMs, retries: wanted } of steps) {
          now += gapMs
          window.requested(now)
          requests.push(now)
          for (let retry = 0; retry < wanted; retry++) if (window.tryRetry(now)) retries.push(now)
        }
        for (const end of retries) {
          const within = retries.filter((at) => at > end - 900 && at <= end).length
          // A slot is forgotten as a whole, so what was put in up to an interval before the oldest retry may count.
          const paid = requests.filter((at) => at > end - 2_000 && at <= end).length
          expect(within).toBeLessThanOrEqual(minPerSecond + Math.ceil((paid * percent) / 100) + 1)
        }
      }),
    )
  })
})

describe('of those under way', () => {
  test.each([
    ['the least is always allowed', 20, 3, 0, 2, true],
    ['and not one more', 20, 3, 0, 3, false],
    ['the share, rounded down', 20, 0, 9, 1, false],
    ['from the first request that makes it', 20, 0, 5, 0, true],
    ['the larger of both', 20, 3, 20, 3, true],
    ['never more', 20, 3, 20, 4, false],
    ['nothing', 0, 0, 1_000, 0, false],
    ['all of them', 100, 0, 7, 6, true],
    ['all and no more', 100, 0, 7, 7, false],
  ])('%s', (_, budgetPercent, minRetryConcurrency, requests, retries, allowed) => {
    expect(allowsConcurrentRetry({ budgetPercent, minRetryConcurrency }, requests, retries)).toBe(allowed)
  })
})
