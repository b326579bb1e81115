import type { Deadline } from '@grpc/grpc-js'
import type { BoundCall, BoundCalls } from '../../context/bound-calls.ts'
import type { TimerHandle } from '../../kernel/timers.ts'
import type { MeshInternals } from '../../mesh/internals.ts'

/** A deadline as milliseconds since 1970; `Infinity`: none. */
export function deadlineMs(deadline: Deadline): number {
  return typeof deadline === 'number' ? deadline : deadline.getTime()
}

/** The details of a call that ends with the request that it is made for. */
export const CALLER_LEFT = 'The caller of the request that this call is made for has left.'

/** What ends a call while it waits. */
export interface WaitEnds {
  outOfTime(): void
  /** Whoever made the request that the call is made for has left. */
  callerLeft(): void
}

/**
 * Ends a call in time while the engine of the mesh does not know of it: before it is made, and while it waits to be made
 * again; with its own deadline or that of the request that it is made for, and with that request's caller. What waits here
 * is awaited by its caller, so it holds the loop.
 */
export class WaitLimit implements BoundCall {
  readonly #internals: MeshInternals
  readonly #ends: WaitEnds
  #started = false
  #timer: TimerHandle | undefined = undefined
  #boundCalls: BoundCalls | undefined = undefined

  constructor(internals: MeshInternals, ends: WaitEnds) {
    this.#internals = internals
    this.#ends = ends
  }

  /**
   * In the context of the call; does nothing where it runs already.
   *
   * @param deadline of the call itself, milliseconds since 1970; `Infinity`: none
   */
  start(deadline: number): void {
    if (this.#started) return
    this.#started = true
    const { clock, context, timers } = this.#internals
    const request = context.getStore()
    const forRequestMs = (request?.deadline ?? Number.POSITIVE_INFINITY) - clock.now()
    const remainingMs = Math.min(deadline - clock.wallNow(), forRequestMs)
    if (remainingMs !== Number.POSITIVE_INFINITY) {
      const delayMs = remainingMs > 0 ? Math.ceil(remainingMs) : 0
      this.#timer = timers.set(() => this.#ends.outOfTime(), delayMs, { holdsLoop: true })
    }
    this.#boundCalls = request?.boundCalls
    if (this.#boundCalls?.add(this) === false) process.nextTick(left, this)
  }

  stop(): void {
    this.#internals.timers.clear(this.#timer)
    this.#timer = undefined
    this.#boundCalls?.delete(this)
    this.#boundCalls = undefined
  }

  callerLeft(): void {
    this.#ends.callerLeft()
  }
}

function left(limit: WaitLimit): void {
  limit.callerLeft()
}
