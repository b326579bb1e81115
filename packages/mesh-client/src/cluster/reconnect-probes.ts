import { type BackOffSchedule, fullJitterDelay } from '../kernel/backoff.ts'
import type { Random } from '../kernel/random.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { EndpointState, Transport } from './types.ts'

/** Between two tries to connect to a refused endpoint; full jitter. */
const SCHEDULE: BackOffSchedule = { baseIntervalMs: 100, maxIntervalMs: 5_000 }

export interface ReconnectProbesDeps {
  readonly timers: Timers
  readonly random: Random
  readonly transport: Transport
  /** How long one try may take. */
  readonly connectTimeoutMs: () => number
  /** A connection could be made; the endpoint is watched no longer. */
  readonly onConnected: (state: EndpointState) => void
}

/** Tries in the background whether refused endpoints are back. No timer of it keeps the process alive. */
export class ReconnectProbes {
  readonly #deps: ReconnectProbesDeps
  /** The timer of each watched endpoint; `undefined` while its try is under way. */
  readonly #watched = new Map<EndpointState, TimerHandle | undefined>()

  constructor(deps: ReconnectProbesDeps) {
    this.#deps = deps
  }

  /** Begins to try, until it succeeds or {@link forget} is called. */
  watch(state: EndpointState): void {
    if (!this.#watched.has(state)) this.#schedule(state, 1)
  }

  forget(state: EndpointState): void {
    this.#deps.timers.clear(this.#watched.get(state))
    this.#watched.delete(state)
  }

  close(): void {
    for (const state of [...this.#watched.keys()]) this.forget(state)
  }

  #schedule(state: EndpointState, attempt: number): void {
    const { timers, random } = this.#deps
    const delay = fullJitterDelay(SCHEDULE, attempt, random)
    this.#watched.set(
      state,
      timers.set(() => void this.#try(state, attempt), delay),
    )
  }

  async #try(state: EndpointState, attempt: number): Promise<void> {
    this.#watched.set(state, undefined)
    const connected = await this.#connect(state)
    if (!this.#watched.has(state)) return
    if (connected) {
      this.#watched.delete(state)
      this.#deps.onConnected(state)
    } else {
      this.#schedule(state, attempt + 1)
    }
  }

  async #connect(state: EndpointState): Promise<boolean> {
    try {
      return await this.#deps.transport.probe(state, this.#deps.connectTimeoutMs())
    } catch {
      return false
    }
  }
}
