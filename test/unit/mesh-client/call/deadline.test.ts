import { describe, expect, test } from 'vitest'
import {
  attemptDeadline,
  callDeadline,
  expectedTimeout,
  NEVER,
} from '../../../../packages/mesh-client/src/call/deadline.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Row {
  readonly route_timeout_ms: number
  readonly retry_per_try_timeout_ms: number
  readonly grpc: boolean
  readonly hedge_on_per_try_timeout: boolean
  readonly respect_expected_rq_timeout: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly expect: { readonly headers_after: Readonly<Record<string, string>> }
}

const vectors = readVectors<{ rows: Row[] }>('algorithms/timeouts.json')

/** Out of this client's scope: gRPC timeouts, hedging, and limits that a caller sets by `x-envoy-*` request headers. */
const rows = (vectors?.rows ?? []).filter(
  (row) => !row.grpc && !row.hedge_on_per_try_timeout && Object.keys(row.headers).length === 0,
)

describe(vectorTitle("Envoy's timeouts", vectors), () => {
  test.skipIf(vectors === undefined)('some rows apply', () => {
    expect(rows.length).toBeGreaterThan(0)
  })

  test.each(rows)('route $route_timeout_ms, per try $retry_per_try_timeout_ms', (row) => {
    const deadline = callDeadline(0, row.route_timeout_ms, undefined)
    const limit = attemptDeadline(0, row.retry_per_try_timeout_ms, row.route_timeout_ms)
    expect(expectedTimeout(0, deadline, limit)).toBe(row.expect.headers_after['x-envoy-expected-rq-timeout-ms'])
  })
})

describe('limits of a call', () => {
  test.each([
    ['the route alone', 100, 50, undefined, 150],
    ['the caller alone', 100, 0, 130, 130],
    ['the earlier of both', 100, 50, 130, 130],
    ['none', 100, 0, undefined, NEVER],
  ])('%s', (_name, start, timeout, caller, expected) => {
    expect(callDeadline(start, timeout, caller)).toBe(expected)
  })

  test('what is left is told, and never as 0, which would mean for ever', () => {
    expect(expectedTimeout(100, 140.9, NEVER)).toBe('40')
    expect(expectedTimeout(100, 140, 120)).toBe('20')
    // A clock with a fraction: adding and taking away again must not cost a millisecond.
    for (let now = 0.1; now < 100_000; now *= 1.37) expect(expectedTimeout(now, now + 60, NEVER)).toBe('60')
    expect(expectedTimeout(100, 100.2, NEVER)).toBe('1')
    expect(expectedTimeout(100, 90, NEVER)).toBe('1')
    expect(expectedTimeout(100, NEVER, NEVER)).toBeUndefined()
  })
})
