import type { Socket } from 'node:net'
import type { ConnectionRecord, Recorder } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'

/** How often bytes of connections that stay open are told. Istio `reportingInterval`. */
export const REPORT_INTERVAL_MS = 5_000

/** What is the same in all that is told of a connection. */
export type ConnectionFacts = Pick<ConnectionRecord, 'reporter' | 'service' | 'peer'>

interface Metered {
  readonly facts: ConnectionFacts
  read: number
  written: number
}

/** Tells telemetry of open connections: when they open, every few seconds what they moved, and when they close. */
export class ConnectionMeter {
  readonly #recorder: Recorder
  readonly #timers: Timers
  readonly #open = new Map<Socket, Metered>()
  #timer: TimerHandle | undefined

  constructor(recorder: Recorder, timers: Timers) {
    this.#recorder = recorder
    this.#timers = timers
  }

  opened(socket: Socket, facts: ConnectionFacts): void {
    const metered = { facts, read: 0, written: 0 }
    this.#open.set(socket, metered)
    this.#tell(metered, { opened: true })
    this.#timer ??= this.#timers.set(() => this.#report(), REPORT_INTERVAL_MS)
    socket.once('close', () => this.#closed(socket, metered))
  }

  /** A connection that came to nothing is one that opened and closed. */
  refused(facts: ConnectionFacts, flags: string): void {
    this.#recorder.connection({ ...facts, flags, opened: true, closed: true, sentBytes: 0, receivedBytes: 0 })
  }

  #report(): void {
    this.#timer = undefined
    for (const [socket, metered] of this.#open) this.#move(socket, metered, false)
    if (this.#open.size > 0) this.#timer = this.#timers.set(() => this.#report(), REPORT_INTERVAL_MS)
  }

  #closed(socket: Socket, metered: Metered): void {
    this.#open.delete(socket)
    this.#move(socket, metered, true)
    if (this.#open.size > 0) return
    this.#timers.clear(this.#timer)
    this.#timer = undefined
  }

  #move({ bytesRead, bytesWritten }: Socket, metered: Metered, closed: boolean): void {
    const read = bytesRead - metered.read
    const written = bytesWritten - metered.written
    if (read === 0 && written === 0 && !closed) return
    metered.read = bytesRead
    metered.written = bytesWritten
    const fromServer = metered.facts.reporter === 'source' ? read : written
    this.#tell(metered, { closed, sentBytes: fromServer, receivedBytes: read + written - fromServer })
  }

  #tell({ facts }: Metered, what: Partial<ConnectionRecord>): void {
    this.#recorder.connection({
      ...facts,
      flags: '-',
      opened: false,
      closed: false,
      sentBytes: 0,
      receivedBytes: 0,
      ...what,
    })
  }
}
