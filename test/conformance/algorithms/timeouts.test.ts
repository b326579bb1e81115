import { DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import { type Controlled, withControls } from '../../../packages/mesh-client/src/call/caller-controls.ts'
import {
  attemptDeadline,
  callDeadline,
  expectedTimeout,
  NEVER,
} from '../../../packages/mesh-client/src/call/deadline.ts'
import { callerTimeout } from '../../../packages/mesh-client/src/inbound/timeout-headers.ts'
import { formatGrpcTimeout, parseGrpcTimeout } from '../../../packages/mesh-client/src/kernel/grpc-timeout.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

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

interface Vectors {
  readonly rows: readonly Row[]
  readonly derived_elapsed_rows: { readonly rows: readonly Elapsed[] }
  readonly grpc_timeout_parse: readonly { readonly value: string; readonly ms: number | null }[]
  readonly grpc_timeout_encode: readonly { readonly ms: string; readonly value: string }[]
}

const vectors = readVectors<Vectors>('algorithms/timeouts.json')

algorithmSuite(
  'timeouts',
  'How long a call and an attempt may take, and what upstreams are told of it.',
  vectors,
  () => {
    const {
      rows,
      derived_elapsed_rows: elapsed,
      grpc_timeout_parse: parse,
      grpc_timeout_encode: encode,
    } = vectors as Vectors
    return [
      ...rows.map((row): AlgorithmRow => {
        const { route_timeout_ms: route, retry_per_try_timeout_ms: perTry, max_grpc_timeout_ms: grpc } = row
        const name = `route ${route}, per try ${perTry}, gRPC ${grpc} - ${row.grpc_timeout_offset_ms}, ${JSON.stringify(row.headers)}`
        if (respectedBeyond(row)) {
          return {
            name,
            deviates: 'a caller that waits longer than the route allows does not make the route wait longer',
          }
        }
        if (row.grpc_timeout_offset_ms === null) return { name, check: () => checkRow(row) }
        return {
          name,
          notApplicable: 'takes an offset from what gRPC callers allow, for which no resource has a field',
        }
      }),
      ...elapsed.rows.map((row) => ({
        name: `after ${row.elapsed_ms} of ${row.global_ms}, ${row.per_try_ms} a try, hedging ${row.hedge}`,
        check: () => checkElapsed(row),
      })),
      ...parse.map(({ value, ms }) => ({
        name: `grpc-timeout: ${value}`,
        check: () => expect(parseGrpcTimeout(value)).toBe(ms ?? undefined),
      })),
      ...encode.map(({ ms, value }) => ({
        name: `${ms} ms as grpc-timeout`,
        check: () => {
          expect(formatGrpcTimeout(Number(ms))).toBe(value)
          expect(parseGrpcTimeout(value)).toBeLessThanOrEqual(Number(ms))
        },
      })),
    ]
  },
)

/** Envoy lets what it respects stand instead of the route's limit; for Weft it is one more limit. */
function respectedBeyond(row: Row): boolean {
  const expected = respected(row)
  const { timeoutMs } = controlled(row)
  return expected !== undefined && timeoutMs !== 0 && expected > timeoutMs
}

function respected(row: Row): number | undefined {
  return row.respect_expected_rq_timeout
    ? callerTimeout(row.headers['x-envoy-expected-rq-timeout-ms'], undefined)
    : undefined
}

function checkRow(row: Row): void {
  const { timeoutMs, retryPolicy, hedgeOnPerTryTimeout } = controlled(row)
  // What a server in front respects reaches the calls behind it as the deadline of their caller.
  const deadline = callDeadline(0, timeoutMs, respected(row))
  const limit = attemptDeadline(0, retryPolicy.perTryTimeoutMs, timeoutMs)
  expect(deadline === NEVER ? 0 : deadline).toBe(row.expect.global_timeout_ms)
  expect(limit === NEVER ? 0 : limit).toBe(row.expect.per_try_timeout_ms)
  const told = expectedTimeout(0, deadline, hedgeOnPerTryTimeout ? NEVER : limit)
  expect(told).toBe(row.expect.headers_after['x-envoy-expected-rq-timeout-ms'])
  const grpcTimeout = row.expect.headers_after['grpc-timeout']
  if (grpcTimeout !== undefined) expect(formatGrpcTimeout(Number(told))).toBe(grpcTimeout)
}

/**
 * A route as Istio writes it has its own timeout as the largest that gRPC may ask for; where a row has another one, that is
 * the route's. Without one, `grpc-timeout` is not looked at.
 */
function controlled(row: Row): Controlled {
  const readsGrpc = row.grpc && row.max_grpc_timeout_ms !== null
  const given: Readonly<Record<string, string>> = { ...row.headers, 'content-type': 'application/grpc' }
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

function checkElapsed({ elapsed_ms, global_ms, per_try_ms, hedge, expected_header }: Elapsed): void {
  const deadline = callDeadline(0, global_ms, undefined)
  const limit = attemptDeadline(elapsed_ms, per_try_ms, global_ms)
  expect(expectedTimeout(elapsed_ms, deadline, hedge ? NEVER : limit)).toBe(expected_header ?? undefined)
}
