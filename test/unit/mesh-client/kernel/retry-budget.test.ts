import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowsConcurrentRetry, RetryWindow } from '../../../../packages/mesh-client/src/kernel/retry-budget.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Envoy {
  readonly active_requests: number
  readonly pending_requests: number
  readonly active_retries: number
  readonly budget_percent: number
  readonly min_retry_concurrency: number
  readonly can_retry: boolean
}

interface Tower {
  readonly name: string
  readonly ttl_s: number
  readonly min_per_sec: number
  readonly retry_percent: number
  readonly steps?: readonly { readonly op: string; readonly ms?: number; readonly expect?: boolean }[]
  readonly withdrawals_granted?: number
  readonly granted?: number
}

interface Finagle {
  readonly ttl_s: number
  readonly min_retries_per_sec: number
  readonly percent_can_retry: number
  readonly requests: number
  readonly expected: number
  readonly tolerance: number
  readonly exact_from_reference: number
}

interface Vectors {
  readonly envoy: { readonly rows: readonly Envoy[] }
  readonly tower: { readonly rows: readonly Tower[] }
  readonly finagle: { readonly rows: readonly Finagle[] }
}

const vectors = readVectors<Vectors>('algorithms/retry-budget.json')

describe.skipIf(vectors === undefined)(vectorTitle('retry budgets of others', vectors), () => {
  test.each(vectors?.envoy.rows ?? [])(
    'Envoy: $active_retries of $active_requests + $pending_requests at $budget_percent %',
    (row) => {
      const budget = { budgetPercent: row.budget_percent, minRetryConcurrency: row.min_retry_concurrency }
      const requests = row.active_requests + row.pending_requests
      expect(allowsConcurrentRetry(budget, requests, row.active_retries)).toBe(row.can_retry)
    },
  )

  test.each((vectors?.tower.rows ?? []).filter(({ steps }) => steps !== undefined))('tower: $name', (row) => {
    const window = new RetryWindow(row.retry_percent, row.min_per_sec, row.ttl_s * 1000)
    let now = 0
    for (const { op, ms = 0, expect: expected } of row.steps ?? []) {
      now += ms
      if (op === 'deposit') window.requested(now)
      if (op === 'withdraw') expect(window.tryRetry(now)).toBe(expected)
    }
  })

  test.each((vectors?.tower.rows ?? []).filter(({ withdrawals_granted }) => withdrawals_granted !== undefined))(
    'tower: $name',
    (row) => {
      const window = new RetryWindow(row.retry_percent, row.min_per_sec, row.ttl_s * 1000)
      let granted = 0
      while (window.tryRetry(0)) granted++
      expect(granted).toBe(row.withdrawals_granted)
    },
  )

  test.each((vectors?.tower.rows ?? []).filter(({ granted }) => granted !== undefined))('tower: $name', (row) => {
    const window = new RetryWindow(row.retry_percent, row.min_per_sec, row.ttl_s * 1000)
    expect(retriesOf(window, 1000)).toBe(row.granted)
  })

  test.each(vectors?.finagle.rows ?? [])(
    'Finagle: $percent_can_retry of $requests within $ttl_s s, $min_retries_per_sec a second',
    (row) => {
      const window = new RetryWindow(row.percent_can_retry, row.min_retries_per_sec, row.ttl_s * 1000)
      expect(retriesOf(window, row.requests)).toBe(row.exact_from_reference)
    },
  )
})

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
