import { DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { type Controlled, withControls } from '../../../../packages/mesh-client/src/call/caller-controls.ts'
import {
  attemptDeadline,
  callDeadline,
  expectedTimeout,
  NEVER,
} from '../../../../packages/mesh-client/src/call/deadline.ts'
import { formatGrpcTimeout } from '../../../../packages/mesh-client/src/kernel/grpc-timeout.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Row {
  readonly route_timeout_ms: number
  readonly retry_per_try_timeout_ms: number
  readonly max_grpc_timeout_ms: number | null
  readonly grpc_timeout_offset_ms: number | null
  readonly grpc: boolean
  readonly hedge_on_per_try_timeout: boolean
  readonly respect_expected_rq_timeout: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly expect: {
    readonly global_timeout_ms: number
    readonly per_try_timeout_ms: number
    readonly headers_after: Readonly<Record<string, string>>
  }
}

interface Elapsed {
  readonly elapsed_ms: number
  readonly global_ms: number
  readonly per_try_ms: number
  readonly hedge: boolean
  readonly expected_header: string | null
}

const vectors = readVectors<{ rows: Row[]; derived_elapsed_rows: { rows: Elapsed[] } }>('algorithms/timeouts.json')

/** An offset for gRPC is what Istio never configures, and of it the wire has no field. */
const rows = (vectors?.rows ?? []).filter((row) => row.grpc_timeout_offset_ms === null)

/**
 * A route as Istio writes it has its own timeout as the largest that gRPC may ask for; where a row has another one, that is
 * the route's. Without one, `grpc-timeout` is not looked at.
 */
function policyOf(row: Row): Controlled {
  const { headers } = row
  const readsGrpc = row.grpc && row.max_grpc_timeout_ms !== null
  const given: Readonly<Record<string, string>> = readsGrpc
    ? { 'content-type': 'application/grpc', ...headers }
    : headers
  const route: Controlled = {
    timeoutMs: readsGrpc ? (row.max_grpc_timeout_ms as number) : row.route_timeout_ms,
    retryPolicy: {
      ...DEFAULT_RETRY_POLICY,
      ...(row.retry_per_try_timeout_ms === 0 ? {} : { perTryTimeoutMs: row.retry_per_try_timeout_ms }),
    },
    hedgeOnPerTryTimeout: row.hedge_on_per_try_timeout,
  }
  return withControls(route, (name) => (readsGrpc || name !== 'content-type' ? given[name] : undefined))
}

describe.skipIf(vectors === undefined)(vectorTitle("Envoy's timeouts", vectors), () => {
  test.each(rows)('route $route_timeout_ms, per try $retry_per_try_timeout_ms, gRPC $grpc, $headers', (row) => {
    const { timeoutMs, retryPolicy, hedgeOnPerTryTimeout } = policyOf(row)
    // What a server in front respects reaches the calls behind it as the deadline of their caller.
    const expected = row.respect_expected_rq_timeout ? row.headers['x-envoy-expected-rq-timeout-ms'] : undefined
    const deadline = callDeadline(0, timeoutMs, expected === undefined ? undefined : Number(expected))
    const limit = attemptDeadline(0, retryPolicy.perTryTimeoutMs, timeoutMs)
    expect(deadline === NEVER ? 0 : deadline).toBe(row.expect.global_timeout_ms)
    expect(limit === NEVER ? 0 : limit).toBe(row.expect.per_try_timeout_ms)
    const told = expectedTimeout(0, deadline, hedgeOnPerTryTimeout ? NEVER : limit)
    expect(told).toBe(row.expect.headers_after['x-envoy-expected-rq-timeout-ms'])
    const grpcTimeout = row.expect.headers_after['grpc-timeout']
    if (grpcTimeout !== undefined) expect(formatGrpcTimeout(Number(told))).toBe(grpcTimeout)
  })

  test.each(vectors?.derived_elapsed_rows.rows ?? [])(
    'after $elapsed_ms of $global_ms, $per_try_ms a try, hedging $hedge',
    ({ elapsed_ms, global_ms, per_try_ms, hedge, expected_header }) => {
      const deadline = callDeadline(0, global_ms, undefined)
      const limit = attemptDeadline(elapsed_ms, per_try_ms, global_ms)
      expect(expectedTimeout(elapsed_ms, deadline, hedge ? NEVER : limit)).toBe(expected_header ?? undefined)
    },
  )
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
