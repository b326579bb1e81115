import { fail, ok, type Result } from '@weft/mesh-protocol'

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, micro sign
  μs: 1_000n, // U+03BC, Greek small letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Go keeps a duration in a signed 64-bit count of nanoseconds, about 292 years. */
const LIMIT = 2n ** 63n

const MAX_LENGTH = 100
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy

/** The nanoseconds of one number with its unit; digits beyond a nanosecond are cut off, as in Go. */
function partNanoseconds(digits: string, unit: bigint): bigint {
  const [whole = '', fraction = ''] = digits.split('.')
  const scale = 10n ** BigInt(fraction.length)
  return BigInt(whole === '' ? 0 : whole) * unit + (BigInt(fraction === '' ? 0 : fraction) * unit) / scale
}

function unsignedNanoseconds(text: string): bigint | undefined {
  if (text === '0') return 0n
  if (text === '') return undefined
  let total = 0n
  let end = 0
  for (const match of text.matchAll(PART)) {
    total += partNanoseconds(match[1] as string, NANOSECONDS[match[2] as string] as bigint)
    end = match.index + match[0].length
  }
  return end === text.length && total < LIMIT ? total : undefined
}

function invalid(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
  return `${JSON.stringify(shown)} is not a duration: write a number with a unit (ns, us, ms, s, m, h), such as 300ms, 1.5s or 1h30m`
}

/** As {@link parseDuration}, exact. */
export function parseDurationNanoseconds(text: string): Result<bigint, string> {
  const negative = text.startsWith('-')
  const value = text.length > MAX_LENGTH ? undefined : unsignedNanoseconds(text.replace(/^[-+]/, ''))
  return value === undefined ? fail(invalid(text)) : ok(negative ? -value : value)
}

/**
 * Reads a duration in Go's syntax, `1h30m`, `1.5s`, `300ms` (Go `time.ParseDuration`, which decodes Istio's durations),
 * into milliseconds. The result may have a fraction and may be negative; the error is one sentence.
 */
export function parseDuration(text: string): Result<number, string> {
  const parsed = parseDurationNanoseconds(text)
  return parsed.ok ? ok(Number(parsed.value) / 1e6) : parsed
}

/** A duration of a stored resource in whole milliseconds; `undefined` for one that is absent. */
export function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const parsed = parseDuration(text)
  return parsed.ok && parsed.value >= 0 ? Math.round(parsed.value) : undefined
}

/** As {@link milliseconds}, of a field in which 0 is the same as nothing. */
export function positiveMilliseconds(text: string | undefined): number | undefined {
  const value = milliseconds(text)
  return value === 0 ? undefined : value
}
