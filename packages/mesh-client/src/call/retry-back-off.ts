import type { RetryPolicy } from '@weft/mesh-protocol'
import { fullJitterDelay } from '../kernel/backoff.ts'
import { type Random, randomInt } from '../kernel/random.ts'

/** A response header by its lower-case name. */
export type ResponseHeader = (name: string) => string | undefined

const WHOLE_NUMBER = /^\d{1,15}$/

/**
 * How long the upstream asks to be left alone, in milliseconds; `undefined` where the policy does not look, no header says
 * so, or it asks for more than the policy's maximum or for next to nothing.
 * Source: Envoy `retry_state_impl.cc`, `parseResetInterval`, and `reset_header_parser.cc`.
 *
 * @param wallNow milliseconds since 1970
 */
export function requestedPause(policy: RetryPolicy, header: ResponseHeader, wallNow: number): number | undefined {
  const asked = policy.rateLimitedRetryBackOff
  if (asked === undefined) return undefined
  for (const { name, format } of asked.resetHeaders) {
    const pause = parsePause(header(name), format, wallNow)
    if (pause !== undefined && pause <= asked.maxIntervalMs) return pause > 1 ? pause : undefined
  }
  return undefined
}

/** The wait after an upstream has asked for a pause: never shorter, and up to half as long again. */
export function pauseDelay(pauseMs: number, random: Random): number {
  return pauseMs + randomInt(random, pauseMs >> 1)
}

/**
 * The waits before the retries of one call. A pause that the upstream asks for counts once, and the schedule of the policy
 * goes on afterwards where it was.
 */
export class RetryBackOff {
  readonly #policy: RetryPolicy
  readonly #random: Random
  #scheduled = 0

  constructor(policy: RetryPolicy, random: Random) {
    this.#policy = policy
    this.#random = random
  }

  /**
   * Before the next retry, in milliseconds.
   * @param pushbackMs what a gRPC server asks for: kept to the letter, and the schedule begins anew (gRFC A6)
   */
  next(pauseMs: number | undefined, pushbackMs?: number): number {
    if (pushbackMs !== undefined) {
      this.#scheduled = 0
      return pushbackMs
    }
    if (pauseMs !== undefined) return pauseDelay(pauseMs, this.#random)
    this.#scheduled++
    return fullJitterDelay(this.#policy.retryBackOff, this.#scheduled, this.#random)
  }
}

function parsePause(
  value: string | undefined,
  format: 'SECONDS' | 'UNIX_TIMESTAMP',
  wallNow: number,
): number | undefined {
  const text = value?.trim()
  if (text === undefined || !WHOLE_NUMBER.test(text)) return undefined
  const seconds = Number(text)
  if (format === 'SECONDS') return seconds * 1000
  const passed = Math.floor(wallNow / 1000)
  return seconds >= passed ? (seconds - passed) * 1000 : undefined
}
