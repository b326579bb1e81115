import type { Deadline } from '@grpc/grpc-js'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'

/** A deadline as milliseconds since 1970; `Infinity`: none. */
export function deadlineMs(deadline: Deadline): number {
  return typeof deadline === 'number' ? deadline : deadline.getTime()
}

/**
 * Ends a call in time while the engine of the mesh does not know of it: before it is made, and while it waits to be made
 * again. What waits here is awaited by its caller, so it holds the loop.
 */
export class WaitLimit {
  readonly #timers: Timers
  #timer: TimerHandle | undefined = undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Does nothing where it runs already, or where there is no limit. */
  start(remainingMs: number, over: () => void): void {
    if (this.#timer !== undefined || remainingMs === Number.POSITIVE_INFINITY) return
    // A deadline that is no time at all is over.
    const limitMs = remainingMs > 0 ? Math.ceil(remainingMs) : 0
    this.#timer = this.#timers.set(over, limitMs, { holdsLoop: true })
  }

  stop(): void {
    this.#timers.clear(this.#timer)
    this.#timer = undefined
  }
}
