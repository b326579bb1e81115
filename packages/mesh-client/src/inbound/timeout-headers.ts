export const GRPC_TIMEOUT_HEADER = 'grpc-timeout'

const WHOLE_NUMBER = /^\d{1,15}$/
const GRPC_TIMEOUT = /^\+?(\d{1,8})([HMSmun])$/

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/**
 * Milliseconds that `x-envoy-expected-rq-timeout-ms` leaves. `undefined`: no limit, which is what Envoy means by 0 and
 * what a malformed value counts as (`router.cc`, `FilterUtility::finalTimeout`).
 */
export function parseExpectedTimeout(text: string): number | undefined {
  if (!WHOLE_NUMBER.test(text)) return undefined
  const ms = Number(text)
  return ms === 0 ? undefined : ms
}

/**
 * Milliseconds that `grpc-timeout` leaves: at most 8 digits and a unit, fractions of a millisecond rounded up; 0 is over
 * at once. `undefined`: malformed, which counts as absent. Source: gRPC over HTTP/2, "Timeout"; Envoy `grpc/common.cc`.
 */
export function parseGrpcTimeout(text: string): number | undefined {
  const match = GRPC_TIMEOUT.exec(text)
  if (match === null) return undefined
  const [, digits = '', unit = ''] = match
  return Math.ceil(Number(digits) * (UNIT_MS[unit] ?? Number.NaN))
}

/** What the caller still waits, in milliseconds, by whichever of the two headers is the stricter. */
export function callerTimeout(expected: string | undefined, grpc: string | undefined): number | undefined {
  const byExpected = expected === undefined ? undefined : parseExpectedTimeout(expected)
  const byGrpc = grpc === undefined ? undefined : parseGrpcTimeout(grpc)
  if (byExpected === undefined) return byGrpc
  return byGrpc === undefined ? byExpected : Math.min(byExpected, byGrpc)
}
