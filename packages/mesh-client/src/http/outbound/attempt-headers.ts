import { expectedTimeout, NEVER } from '../../call/deadline.ts'
import { formatGrpcTimeout } from '../../kernel/grpc-timeout.ts'
import {
  ATTEMPT_COUNT_HEADER,
  EXPECTED_TIMEOUT_HEADER,
  GRPC_PREVIOUS_ATTEMPTS_HEADER,
  GRPC_TIMEOUT_HEADER,
} from '../../kernel/header-names.ts'
import type { Exchange } from './exchange.ts'
import { setHeader } from './request-headers.ts'

/**
 * Has a further attempt say which it is.
 *
 * @param retries how many of those before it a server may have seen
 */
export function tellCount({ headers, isGrpc }: Exchange, count: number, retries: number): void {
  setHeader(headers, ATTEMPT_COUNT_HEADER, String(count))
  if (isGrpc && retries > 0) setHeader(headers, GRPC_PREVIOUS_ATTEMPTS_HEADER, String(retries))
}

/**
 * Has an attempt say how long it may take, to gRPC in its own words too; nothing where nothing limits it. Source: Envoy
 * `router.cc`, `setTimeoutHeaders`.
 *
 * @param limit when the attempt has to be answered
 */
export function tellLimit({ headers, route, deadline, isGrpc }: Exchange, limit: number, now: number): void {
  const expected = expectedTimeout(now, deadline, route.hedgeOnPerTryTimeout ? NEVER : limit)
  if (expected === undefined) return
  setHeader(headers, EXPECTED_TIMEOUT_HEADER, expected)
  if (isGrpc) setHeader(headers, GRPC_TIMEOUT_HEADER, formatGrpcTimeout(Number(expected)))
}
