import { expect } from 'vitest'
import { allowsConcurrentRetry, RetryWindow } from '../../../packages/mesh-client/src/kernel/retry-budget.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

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
  readonly grpc_retry_throttling: { readonly steps: readonly object[] }
}

const vectors = readVectors<Vectors>('algorithms/retry-budget.json')

algorithmSuite(
  'retry-budget',
  'Retry budgets: Envoy’s of those under way, and those of an interval as tower and Finagle count them.',
  vectors,
  () => {
    const { envoy, tower, finagle, grpc_retry_throttling: grpc } = vectors as Vectors
    return [
      ...envoy.rows.map((row) => ({
        name: `Envoy, ${row.active_retries} of ${row.active_requests} + ${row.pending_requests} at ${row.budget_percent} %, from ${row.min_retry_concurrency}`,
        check: () => checkConcurrent(row),
      })),
      ...tower.rows.map((row) => ({ name: `tower, ${row.name}`, check: () => checkTower(row) })),
      ...finagle.rows.map((row) => ({
        name: `Finagle, ${row.percent_can_retry} of ${row.requests} in ${row.ttl_s} s, ${row.min_retries_per_sec} a second`,
        check: () => checkFinagle(row),
      })),
      ...grpc.steps.map((step) => ({
        name: `gRPC ${JSON.stringify(step)}`,
        notApplicable: 'is of gRPC’s service config: retries of gRPC in the mesh are held by its retry budget',
      })),
    ] satisfies AlgorithmRow[]
  },
)

function checkConcurrent(row: Envoy): void {
  const budget = { budgetPercent: row.budget_percent, minRetryConcurrency: row.min_retry_concurrency }
  const requests = row.active_requests + row.pending_requests
  expect(allowsConcurrentRetry(budget, requests, row.active_retries)).toBe(row.can_retry)
}

function checkTower(row: Tower): void {
  const window = (): RetryWindow => new RetryWindow(row.retry_percent, row.min_per_sec, row.ttl_s * 1_000)
  if (row.steps !== undefined) checkSteps(window(), row.steps)
  if (row.granted !== undefined) expect(retriesOf(window(), 1_000)).toBe(row.granted)
  if (row.withdrawals_granted === undefined) return
  const reserve = window()
  let granted = 0
  while (reserve.tryRetry(0)) granted++
  expect(granted).toBe(row.withdrawals_granted)
}

function checkSteps(window: RetryWindow, steps: NonNullable<Tower['steps']>): void {
  let now = 0
  for (const { op, ms = 0, expect: expected } of steps) {
    now += ms
    if (op === 'deposit') window.requested(now)
    if (op === 'withdraw') expect(window.tryRetry(now)).toBe(expected)
  }
}

function checkFinagle(row: Finagle): void {
  const window = new RetryWindow(row.percent_can_retry, row.min_retries_per_sec, row.ttl_s * 1_000)
  const granted = retriesOf(window, row.requests)
  expect(granted).toBe(row.exact_from_reference)
  expect(Math.abs(granted - row.expected)).toBeLessThanOrEqual(row.tolerance)
}

/** Of so many requests at one moment, each followed by a try to retry it. */
function retriesOf(window: RetryWindow, requests: number): number {
  let granted = 0
  for (let request = 0; request < requests; request++) {
    window.requested(0)
    if (window.tryRetry(0)) granted++
  }
  return granted
}
