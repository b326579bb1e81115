import type { TimerHandle, Timers } from './timers.ts'

/** How often messages of streams that stay open are told. Istio `istio_stats.cc`, `report_duration_`. */
export const MESSAGES_INTERVAL_MS = 5_000

/** A gRPC call that is under way. */
export interface MeteredStream {
  /** Tells `Recorder.messages` what has passed since it was told last; nothing where nothing has, or nobody was reached yet. */
  tellMessages(): void
}

/**
 * Lets streams tell their messages while they run, as Istio does, on one timer for all of them. One for each side of a
 * mesh. A call comes here with the second message of one direction, so that a unary call, which has one each way, never does;
 * what is told of a call at its end (`CallRecord.requestMessages`) is what it has not told before.
 */
export class MessageMeter {
  readonly #timers: Timers
  readonly #running = new Set<MeteredStream>()
  #timer: TimerHandle | undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** From its second message on; to say it again changes nothing. */
  follow(stream: MeteredStream): void {
    this.#running.add(stream)
    this.#timer ??= this.#timers.set(() => this.#tell(), MESSAGES_INTERVAL_MS)
  }

  /** It is over. */
  leave(stream: MeteredStream): void {
    if (!this.#running.delete(stream) || this.#running.size > 0) return
    this.#timers.clear(this.#timer)
    this.#timer = undefined
  }

  #tell(): void {
    this.#timer = undefined
    for (const stream of this.#running) stream.tellMessages()
    if (this.#running.size > 0) this.#timer = this.#timers.set(() => this.#tell(), MESSAGES_INTERVAL_MS)
  }
}
