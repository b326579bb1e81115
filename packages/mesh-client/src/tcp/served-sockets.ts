import type { Server, Socket } from 'node:net'
import type { ServiceRef } from '@weft/mesh-protocol'
import type { Served, ServeSockets } from '../http/inbound/served.ts'
import { destinationService } from '../inbound/destination-service.ts'
import type { DrainPlan } from '../inbound/drain-plan.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import { ConnectionMeter } from './connection-meter.ts'

export interface ServedSocketsDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly recorder: Recorder
  readonly policy: PolicySource
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
}

/** Serves connections that are not looked into: they are counted, and given time to end when the server leaves. */
export function createServeSockets(deps: ServedSocketsDeps): ServeSockets {
  const meter = new ConnectionMeter(deps.recorder, deps.timers)
  return (server, served) =>
    new ServedSockets(server, deps.clock, (socket) => {
      const service = destinationService(deps.policy.current.inbound, served, deps.service)
      meter.opened(socket, { reporter: 'destination', service, peer: undefined })
    })
}

/** A net.Server with the mesh before its listeners. */
class ServedSockets implements Served {
  readonly server: Server
  readonly closed: Promise<void>
  readonly undo: () => void
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()
  #lastConnectedAt = Number.NEGATIVE_INFINITY
  #whenEmpty: () => void = () => undefined

  constructor(server: Server, clock: Clock, opened: (socket: Socket) => void) {
    this.server = server
    this.#clock = clock
    const connected = (socket: Socket): void => {
      this.#track(socket)
      opened(socket)
    }
    this.undo = () => void server.off('connection', connected)
    server.prependListener('connection', connected)
    this.closed = new Promise((resolve) => {
      server.once('close', () => {
        this.undo()
        resolve()
      })
    })
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  get lastConnectedAt(): number {
    return this.#lastConnectedAt
  }

  /** A bare connection has no words for it: its two ends know when they are done. */
  announceClose(): void {
    // Nothing can be said.
  }

  stopListening(): Promise<void> {
    if (this.server.listening) this.server.close()
    return this.closed
  }

  /** A connection that moves nothing may still be in use, as that of a database client is. */
  closeIdle(_plan: DrainPlan, _now: number): void {
    // None is known to be unused.
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  onEmpty(callback: () => void): void {
    this.#whenEmpty = callback
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    this.#lastConnectedAt = this.#clock.now()
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#lastConnectedAt = this.#clock.now()
      if (this.#sockets.size === 0) this.#whenEmpty()
    })
  }
}
