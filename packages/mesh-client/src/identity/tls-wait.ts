import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { Identity, IdentitySource } from './identity.ts'

/** How long connections wait for the first certificate of the process. */
export const FIRST_CERTIFICATE_WAIT_MS = 5_000

export type WithIdentity = (identity: Identity | Error) => void

/**
 * Gives connections the identity that they are made with. While the first certificate is on its way they wait for it, all
 * together and no longer than {@link FIRST_CERTIFICATE_WAIT_MS} from the first of them on: a call that is tried several times
 * does not wait each time. Never is a connection made without.
 */
export class IdentityWait {
  readonly #source: IdentitySource
  readonly #timers: Timers
  readonly #waiting = new Set<WithIdentity>()
  #timer: TimerHandle | undefined
  #timeIsUp = false
  #stop: (() => void) | undefined

  constructor(source: IdentitySource, timers: Timers) {
    this.#source = source
    this.#timers = timers
  }

  /** Calls back at once where it is known. Gives back what ends a wait. */
  get(callback: WithIdentity): () => void {
    const { state, current } = this.#source
    if (current !== undefined) callback(current)
    else if (state !== 'pending' || this.#timeIsUp) callback(new Error(REASONS[state]))
    else this.#wait(callback)
    return () => void this.#waiting.delete(callback)
  }

  #wait(callback: WithIdentity): void {
    this.#waiting.add(callback)
    this.#stop ??= this.#source.onChange(() => this.#release())
    this.#timer ??= this.#timers.set(
      () => {
        this.#timeIsUp = true
        this.#release()
      },
      FIRST_CERTIFICATE_WAIT_MS,
      { holdsLoop: true },
    )
  }

  #release(): void {
    if (this.#source.state === 'pending' && !this.#timeIsUp) return
    this.#stop?.()
    this.#stop = undefined
    this.#timers.clear(this.#timer)
    this.#timer = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of waiting) this.get(callback)
  }
}

const REASONS = {
  off: 'this process has no identity for mutual TLS: give createMesh a token (WEFT_TOKEN)',
  pending: `this process has no certificate for mutual TLS yet (waited ${FIRST_CERTIFICATE_WAIT_MS} ms)`,
  expired: 'the certificate of this process has ended and could not be renewed, so mutual TLS is not possible',
  held: 'this process has no certificate for mutual TLS',
} as const
