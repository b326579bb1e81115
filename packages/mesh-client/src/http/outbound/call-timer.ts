import { NEVER } from '../../call/deadline.ts'
import { type DeadlineQueue, Waiting } from '../../kernel/deadline-queue.ts'

/** Which limit has been reached. */
export type Limit = 'call' | 'attempt'

/** Who is told. */
export interface LimitedCall {
  limitReached(limit: Limit, now: number): void
}

/** The limits of a call and of the attempt under way: one place in the queue for both. */
export class CallTimer extends Waiting {
  readonly #queue: DeadlineQueue
  readonly #call: LimitedCall
  readonly #callLimit: number
  #attemptLimit = NEVER

  /** @param callLimit when the call has to be over, on the clock */
  constructor(queue: DeadlineQueue, callLimit: number, call: LimitedCall) {
    super()
    this.#queue = queue
    this.#callLimit = callLimit
    this.#call = call
  }

  /** Sets the limit of the attempt that starts now. */
  attempt(attemptLimit: number, now: number): void {
    this.#attemptLimit = attemptLimit
    this.#wait(now)
  }

  /** The attempt is answered: only the call's own limit holds on. Its place is kept until its old moment comes. */
  answered(): void {
    this.#attemptLimit = NEVER
  }

  stop(): void {
    this.#queue.remove(this)
  }

  override due(now: number): void {
    if (this.#callLimit <= now + 1) this.#call.limitReached('call', now)
    else if (this.#attemptLimit <= now + 1) this.#attemptOver(now)
    else this.#wait(now)
  }

  /** The call's own limit holds on, whether another attempt follows or this one is left running. */
  #attemptOver(now: number): void {
    this.#attemptLimit = NEVER
    this.#wait(now)
    this.#call.limitReached('attempt', now)
  }

  #wait(now: number): void {
    const at = Math.min(this.#callLimit, this.#attemptLimit)
    if (at === NEVER || (this.lane !== undefined && this.dueAt <= at)) return
    this.#queue.add(this, at - now, now)
  }
}
