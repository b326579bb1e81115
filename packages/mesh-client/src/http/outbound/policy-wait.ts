import { AsyncResource } from 'node:async_hooks'
import { FIRST_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import type { Clock } from '../../kernel/clock.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import type { PolicySource } from '../../routing/policy-view.ts'
import type { Origins, OriginTarget } from './origins.ts'

/** A call that waits until it is known where it leads. */
export interface HeldCall {
  readonly origin: string
  /** Its caller has given it up. */
  readonly over: boolean
  /** Policy has come, or the wait is over: `target` is all that is known. */
  released(target: OriginTarget): void
}

interface Held {
  readonly call: HeldCall
  readonly until: number
  readonly resource: AsyncResource
}

export interface PolicyWaitDeps {
  readonly policy: PolicySource
  readonly clock: Clock
  readonly timers: Timers
}

/**
 * Where calls wait for the first host index or for the routes of their host. They go on in the order in which they
 * came, and cost one timer together.
 */
export class PolicyWait {
  readonly #deps: PolicyWaitDeps
  readonly #origins: Origins
  #held: Held[] = []
  #timer: TimerHandle | undefined
  #stopListening: (() => void) | undefined

  constructor(deps: PolicyWaitDeps, origins: Origins) {
    this.#deps = deps
    this.#origins = origins
  }

  hold(call: HeldCall, now: number): void {
    this.#held.push({ call, until: now + FIRST_POLICY_WAIT_MS, resource: new AsyncResource('WeftHeldCall') })
    this.#stopListening ??= this.#deps.policy.onChange(() => this.#release(this.#deps.clock.now()))
    this.#arm(now)
  }

  /** Lets every call go on with what is known. */
  close(): void {
    this.#release(Number.POSITIVE_INFINITY)
  }

  /** Lets those go on whose host is known by now or whose time is up. */
  #release(now: number): void {
    const before = this.#held
    this.#held = []
    const released: [Held, OriginTarget][] = []
    for (const held of before) {
      if (held.call.over) continue
      const target = this.#origins.resolve(held.call.origin)
      if (isDecided(target) || held.until <= now) released.push([held, target])
      else this.#held.push(held)
    }
    this.#arm(now)
    for (const [{ call, resource }, target] of released) resource.runInAsyncScope(call.released, call, target)
  }

  #arm(now: number): void {
    const first = this.#held[0]
    if (first === undefined) {
      this.#deps.timers.clear(this.#timer)
      this.#timer = undefined
      this.#stopListening?.()
      this.#stopListening = undefined
      return
    }
    this.#timer ??= this.#deps.timers.set(
      () => {
        this.#timer = undefined
        this.#release(this.#deps.clock.now())
      },
      Math.max(1, Math.ceil(first.until - now)),
      { holdsLoop: true },
    )
  }
}

function isDecided(target: OriginTarget): boolean {
  return target.kind !== 'undecided' && target.kind !== 'following'
}
