import { parseGrpcTimeout } from '../kernel/grpc-timeout.ts'

const WHOLE_NUMBER = /^\d{1,15}$/

/**
 * Milliseconds that `x-envoy-expected-rq-timeout-ms` leaves. `undefined`: no limit, which is what Envoy means by 0 and
 * what a malformed value counts as (`router.cc`, `FilterUtility::finalTimeout`).
 */
export function parseExpectedTimeout(text: string): number | undefined {
  if (!WHOLE_NUMBER.test(text)) return undefined
  const ms = Number(text)
  return ms === 0 ? undefined : ms
}

/** What the caller still waits, in milliseconds, by whichever of the two headers is the stricter. */
export function callerTimeout(expected: string | undefined, grpc: string | undefined): number | undefined {
  const byExpected = expected === undefined ? undefined : parseExpectedTimeout(expected)
  const byGrpc = grpc === undefined ? undefined : parseGrpcTimeout(grpc)
  if (byExpected === undefined) return byGrpc
  return byGrpc === undefined ? byExpected : Math.min(byExpected, byGrpc)
}
