import { FIRST_INBOUND_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import type { IdentitySource } from '../../identity/identity.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import type { PolicySource } from '../../routing/policy-view.ts'

/** What waits; told once, `false` when time is up. */
export type Held = (decided: boolean) => void

export interface FirstPolicyWaitDeps {
  readonly policy: PolicySource
  readonly identity: IdentitySource
  readonly timers: Timers
}

/**
 * Holds what comes in before the first inbound policy, fresh or last-known-good, where this process seeks an identity: until
 * then nobody knows who may come in. Source: DESIGN, "fail closed inbound".
 */
export class FirstPolicyWait {
  readonly #deps: FirstPolicyWaitDeps
  readonly #held = new Map<Held, TimerHandle>()
  readonly #stop: () => void
  #over: boolean

  constructor(deps: FirstPolicyWaitDeps) {
    this.#deps = deps
    this.#over = deps.identity.state === 'off' || deps.policy.current.inbound !== undefined
    this.#stop = this.#over ? () => undefined : deps.policy.onChange(() => this.#look())
  }

  /** Nothing has to wait, now or later. */
  get over(): boolean {
    return this.#over
  }

  hold(held: Held): void {
    const timeIsUp = (): void => {
      if (this.#held.delete(held)) held(false)
    }
    this.#held.set(held, this.#deps.timers.set(timeIsUp, FIRST_INBOUND_POLICY_WAIT_MS, { holdsLoop: true }))
  }

  close(): void {
    this.#stop()
  }

  /** After all others have heard of the policy, so that what it refuses is gone before it is let in. */
  #look(): void {
    if (this.#over || this.#deps.policy.current.inbound === undefined) return
    this.#over = true
    this.#stop()
    queueMicrotask(() => {
      for (const [held, timer] of this.#held) {
        this.#deps.timers.clear(timer)
        held(true)
      }
      this.#held.clear()
    })
  }
}
