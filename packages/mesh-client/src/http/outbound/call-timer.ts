import { NEVER } from '../../call/deadline.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'

/** Timers fire up to a millisecond before their time. */
const EARLY_MS = 1

/** Which limit has been reached. */
export type Limit = 'call' | 'attempt'

/** The one timer of a call: for the limit of the whole call and for that of the attempt under way. */
export class CallTimer {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #onLimit: (limit: Limit) => void
  readonly callLimit: number
  #attemptLimit = NEVER
  #handle: TimerHandle | undefined = undefined
  #firesAt = NEVER

  /** @param callLimit when the call has to be over, on the clock */
  constructor(clock: Clock, timers: Timers, callLimit: number, onLimit: (limit: Limit) => void) {
    this.#clock = clock
    this.#timers = timers
    this.callLimit = callLimit
    this.#onLimit = onLimit
  }

  /** Sets the limit of the attempt that starts now. */
  attempt(attemptLimit: number, now: number): void {
    this.#attemptLimit = attemptLimit
    this.#arm(now)
  }

  /** The attempt is answered: only the call's own limit holds on. The timer stays, and looks again when it fires. */
  answered(): void {
    this.#attemptLimit = NEVER
  }

  stop(): void {
    this.#timers.clear(this.#handle)
    this.#handle = undefined
    this.#firesAt = NEVER
  }

  #arm(now: number): void {
    const at = Math.min(this.callLimit, this.#attemptLimit)
    if (at >= this.#firesAt) return
    this.#timers.clear(this.#handle)
    this.#firesAt = at
    this.#handle = this.#timers.set(() => this.#fire(), Math.max(0, Math.ceil(at - now)))
  }

  #fire(): void {
    this.#handle = undefined
    this.#firesAt = NEVER
    const now = this.#clock.now()
    if (this.callLimit - now < EARLY_MS) this.#onLimit('call')
    else if (this.#attemptLimit - now < EARLY_MS) this.#onLimit('attempt')
    else this.#arm(now)
  }
}
