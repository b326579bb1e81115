const FORMAT = /^\+?(\d{1,8})([HMSmun])$/

/** Milliseconds a unit, or units a millisecond where it is smaller. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1 }
const UNITS_PER_MS: Readonly<Record<string, number>> = { u: 1_000, n: 1_000_000 }

/** The longest that the header can say. */
const MAX_VALUE = 99_999_999

/**
 * Milliseconds that `grpc-timeout` leaves: at most 8 digits and a unit, fractions of a millisecond rounded up; 0 is over
 * at once. `undefined`: malformed, which counts as absent. Source: gRPC over HTTP/2, "Timeout"; Envoy `grpc/common.cc`.
 */
export function parseGrpcTimeout(text: string): number | undefined {
  const match = FORMAT.exec(text)
  if (match === null) return undefined
  const [, digits = '', unit = ''] = match
  const perMs = UNITS_PER_MS[unit]
  return perMs === undefined ? Number(digits) * (UNIT_MS[unit] ?? Number.NaN) : Math.ceil(Number(digits) / perMs)
}

/** Milliseconds as `grpc-timeout`: in the finest unit that eight digits are enough for, rounded down (`toGrpcTimeout`). */
export function formatGrpcTimeout(timeoutMs: number): string {
  let amount = Math.floor(timeoutMs)
  if (amount <= MAX_VALUE) return `${amount}m`
  amount = Math.floor(amount / 1000)
  if (amount <= MAX_VALUE) return `${amount}S`
  amount = Math.floor(amount / 60)
  if (amount <= MAX_VALUE) return `${amount}M`
  return `${Math.min(Math.floor(amount / 60), MAX_VALUE)}H`
}
