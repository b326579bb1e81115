import type { Detached } from '../../context/detached.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { KeyLocation } from './compile-jwt-rules.ts'
import { type FetchText, fetchKeySet } from './fetch-key-set.ts'
import type { KeySet } from './key-set.ts'

/** Keys older than this are fetched anew. Istio `PILOT_JWT_PUB_KEY_REFRESH_INTERVAL`: 20 min. */
export const REFRESH_MS: number = 20 * 60_000
/** After an attempt the next one for a key that is not known waits this long, so that forged tokens cause no load. */
export const UNKNOWN_KEY_COOLDOWN_MS = 30_000
/** After an attempt that failed the next one waits this long. */
export const FAILURE_COOLDOWN_MS = 5_000
/** So many places are remembered. */
const MAX_LOCATIONS = 100

export interface KeyStoreDeps {
  readonly fetchText: FetchText
  readonly clock: Clock
  readonly logger: Logger
  /** What is fetched for all belongs to no request. */
  readonly detached: Detached
}

interface Held {
  keys: KeySet | undefined
  fetchedAt: number
  attemptedAt: number
  inFlight: Promise<KeySet | undefined> | undefined
}

/**
 * The keys of issuers, fetched when they are needed first and again when they are old; the last that were good serve as long
 * as no newer can be got. One fetch for each place at a time, whoever waits.
 */
export class KeyStore {
  readonly #deps: KeyStoreDeps
  readonly #held = new Map<string, Held>()

  constructor(deps: KeyStoreDeps) {
    this.#deps = deps
  }

  /** Those at hand, which are asked for anew in the background where they are old. */
  held(location: KeyLocation): KeySet | undefined {
    const now = this.#deps.clock.now()
    const held = this.#held.get(location.url)
    if (held?.keys === undefined) return undefined
    const isOld = now - held.fetchedAt >= REFRESH_MS
    if (isOld && now - held.attemptedAt >= FAILURE_COOLDOWN_MS) void this.#fetch(location, held)
    return held.keys
  }

  /** Those at hand, else they are waited for; `undefined`: they cannot be got. */
  async get(location: KeyLocation): Promise<KeySet | undefined> {
    const keys = this.held(location)
    if (keys !== undefined) return keys
    const held = this.#of(location)
    if (held.inFlight !== undefined) return held.inFlight
    const failedJustNow = this.#deps.clock.now() - held.attemptedAt < FAILURE_COOLDOWN_MS
    return failedJustNow ? undefined : this.#fetch(location, held)
  }

  /** Looks whether there are newer ones, because a token names a key that is not among those at hand. */
  async renew(location: KeyLocation): Promise<KeySet | undefined> {
    const held = this.#of(location)
    if (held.inFlight !== undefined) return held.inFlight
    const triedJustNow = this.#deps.clock.now() - held.attemptedAt < UNKNOWN_KEY_COOLDOWN_MS
    return triedJustNow ? held.keys : this.#fetch(location, held)
  }

  #of({ url }: KeyLocation): Held {
    const known = this.#held.get(url)
    if (known !== undefined) return known
    const never = Number.NEGATIVE_INFINITY
    const made: Held = { keys: undefined, fetchedAt: never, attemptedAt: never, inFlight: undefined }
    this.#held.set(url, made)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= MAX_LOCATIONS) break
      this.#held.delete(oldest)
    }
    return made
  }

  #fetch(location: KeyLocation, held: Held): Promise<KeySet | undefined> {
    held.inFlight ??= this.#deps.detached(() => this.#attempt(location, held))
    return held.inFlight
  }

  async #attempt(location: KeyLocation, held: Held): Promise<KeySet | undefined> {
    const { clock, logger, fetchText } = this.#deps
    held.attemptedAt = clock.now()
    const fetched = await fetchKeySet(location, fetchText)
    held.inFlight = undefined
    if (!fetched.ok) {
      const rest = held.keys === undefined ? 'tokens that need them are refused' : 'the last that were good are used on'
      logger.warn(`The keys at ${location.url} cannot be fetched: ${fetched.error}; ${rest}.`)
      return held.keys
    }
    held.fetchedAt = clock.now()
    // What was proven by the same keys stays so.
    if (held.keys?.text !== fetched.value.text) held.keys = fetched.value
    return held.keys
  }
}
