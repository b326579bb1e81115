import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ServiceRef } from '@weft/mesh-protocol'
import type { Connection } from '../http/inbound/connection.ts'
import { FirstPolicyWait } from '../http/inbound/first-policy-wait.ts'
import { type Interposition, interpose } from '../http/inbound/interpose.ts'
import type { PortMode } from '../http/inbound/mtls-mode.ts'
import { OpenConnections } from '../http/inbound/open-connections.ts'
import type { Secured } from '../http/inbound/secured.ts'
import type { Served, ServedSocketsPort, ServeSockets } from '../http/inbound/served.ts'
import { type GateOwner, TlsGate, type TlsGateDeps } from '../http/inbound/tls-gate.ts'
import { track } from '../http/inbound/tracked.ts'
import { type AuthorizeConnection, everyConnection } from '../inbound/authorize-connection.ts'
import { destinationService } from '../inbound/destination-service.ts'
import type { DrainPlan } from '../inbound/drain-plan.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import { ConnectionMeter } from './connection-meter.ts'

/** How long the client of a server that speaks first is waited for: one that wants TLS begins at once. */
const SERVER_FIRST_WAIT_MS = 500

export interface ServedSocketsDeps extends TlsGateDeps {
  readonly timers: Timers
  readonly recorder: Recorder
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
  /** Default: everybody may. */
  readonly authorizeConnection?: AuthorizeConnection
}

/** Serves connections that are not looked into: they are counted, and given time to end when the server leaves. */
export function createServeSockets(deps: ServedSocketsDeps): ServeSockets {
  const meter = new ConnectionMeter(deps.recorder, deps.timers)
  return (server, port) => new ServedSockets(server, port, deps, meter)
}

/** A net.Server with the mesh before its listeners. */
class ServedSockets implements Served, GateOwner {
  readonly server: Server
  readonly closed: Promise<void>
  readonly undo: () => void
  readonly #port: ServedSocketsPort
  readonly #deps: ServedSocketsDeps
  readonly #meter: ConnectionMeter
  readonly #gate: TlsGate
  readonly #wait: FirstPolicyWait
  readonly #interposition: Interposition
  readonly #connections: OpenConnections

  constructor(server: Server, port: ServedSocketsPort, deps: ServedSocketsDeps, meter: ConnectionMeter) {
    this.server = server
    this.#port = port
    this.#deps = deps
    this.#connections = new OpenConnections(deps)
    this.#meter = meter
    this.#wait = new FirstPolicyWait(deps)
    this.#gate = new TlsGate(deps, port.served, rulesOf(port), this)
    const nothing = (): void => undefined
    this.#interposition = interpose(server, {
      connected: (socket) => this.#connected(socket),
      request: nothing,
      tunnel: nothing,
    })
    this.undo = () => {
      this.#interposition.undo()
      this.#gate.close()
      this.#wait.close()
    }
    this.closed = new Promise((resolve) => {
      server.once('close', () => {
        this.undo()
        resolve()
      })
    })
  }

  get openConnections(): number {
    return this.#connections.all.size
  }

  get lastConnectedAt(): number {
    return this.#connections.lastChangedAt
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
    for (const { socket } of this.#connections.all) socket.destroy()
  }

  onEmpty(callback: () => void): void {
    this.#connections.whenEmpty = callback
  }

  plaintext(socket: Socket): void {
    const connection = this.#connections.of(socket)
    connection.isPlain = true
    this.#admit(connection)
  }

  secured(socket: TLSSocket, secured: Secured, raw: Socket): void {
    const connection = this.#connections.of(raw)
    connection.secure(socket, secured)
    track(socket, connection)
    this.#admit(connection)
  }

  /** Nothing can be said to what policy takes no more, and nobody knows when it has said all. */
  modeChanged(mode: PortMode): void {
    if (mode !== 'STRICT') return
    for (const { isPlain, facts, socket } of this.#connections.all) if (isPlain && !facts.isOwnProbe) socket.destroy()
  }

  /** A connection lives as long as its two ends want: it was proven when it was made, as behind a sidecar. */
  generationChanged(): void {
    // Nothing to tell it.
  }

  #connected(socket: Socket): boolean {
    const connection = this.#connections.of(socket)
    if (this.#gate.take(socket)) return true
    connection.isPlain = true
    this.#admit(connection)
    return true
  }

  #admit(connection: Connection): void {
    if (this.#wait.over) {
      this.#authorize(connection)
      return
    }
    const { socket } = connection
    const ignore = (): void => undefined
    socket.on('error', ignore)
    this.#wait.hold((decided) => {
      socket.off('error', ignore)
      if (decided) this.#authorize(connection)
      else socket.destroy()
    })
  }

  #authorize(connection: Connection): void {
    const { authorizeConnection = everyConnection } = this.#deps
    const { socket, facts } = connection
    if (socket.destroyed) return
    const verdict = facts.isOwnProbe || authorizeConnection(facts, this.#port.served)
    if (typeof verdict === 'boolean') {
      this.#judged(connection, verdict)
      return
    }
    const ignore = (): void => undefined
    socket.on('error', ignore)
    const judged = (allowed: boolean): void => {
      socket.off('error', ignore)
      this.#judged(connection, allowed)
    }
    verdict.then(judged, () => judged(false))
  }

  #judged(connection: Connection, allowed: boolean): void {
    const { socket, secured } = connection
    if (socket.destroyed) return
    const { policy, service } = this.#deps
    const facts = {
      reporter: 'destination',
      service: destinationService(policy.current.inbound, this.#port.served, service),
      peer: secured?.unnamed,
    } as const
    if (allowed) {
      this.#meter.opened(socket, facts)
      this.#interposition.emit('connection', socket)
      return
    }
    this.#meter.refused(facts, '-')
    socket.destroy()
  }
}

/** No ALPN: what is spoken is nobody's business. A client may be silent as long as it likes, unless the server is to begin. */
function rulesOf({ serverFirst }: ServedSocketsPort): ConstructorParameters<typeof TlsGate>[2] {
  return serverFirst
    ? { alpn: [], silenceMs: SERVER_FIRST_WAIT_MS, silence: 'decides' }
    : { alpn: [], silenceMs: 0, silence: 'closes' }
}
