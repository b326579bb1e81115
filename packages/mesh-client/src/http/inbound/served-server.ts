import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { contextStep } from '../../inbound/context-step.ts'
import type { DrainTarget } from '../../inbound/drain.ts'
import { type DrainPlan, graceIsOver } from '../../inbound/drain-plan.ts'
import { inboundChain } from '../../inbound/filters.ts'
import { Connection } from './connection.ts'
import type { ExchangeHost } from './exchange-base.ts'
import { Http2Side } from './http2-side.ts'
import { type Emit, type Interposer, interpose, type RequestEvent, type TunnelEvent } from './interpose.ts'
import { ProtocolSwitch } from './protocol-switch.ts'
import { RequestExchange } from './request-exchange.ts'
import { TunnelExchange } from './tunnel-exchange.ts'
import { isWatched } from './watched.ts'

const CONNECTION = Symbol('weft.connection')

interface Tracked {
  [CONNECTION]?: Connection
}

/** A server with the mesh before its listeners: its connections, and what passes over them. */
export class ServedServer implements Interposer, DrainTarget {
  /** Takes the mesh away from before the listeners. */
  readonly undo: () => void
  readonly server: Server | Http2Server
  readonly #switch: ProtocolSwitch | undefined
  readonly #host: ExchangeHost
  readonly #connections = new Set<Connection>()
  readonly #closed: Promise<void>
  #lastConnectedAt = Number.NEGATIVE_INFINITY
  #isLeaving = false
  #whenEmpty: () => void = () => undefined

  /** @param speaksHttp2 whether connections may speak HTTP/2 as well as HTTP/1.1 */
  constructor(server: Server | Http2Server, speaksHttp2: boolean, shared: Omit<ExchangeHost, 'chain' | 'emit'>) {
    this.server = server
    const interposition = interpose(server, this)
    this.undo = interposition.undo
    this.#closed = new Promise((resolve) => {
      server.once('close', () => {
        interposition.undo()
        resolve()
      })
    })
    const { telemetry, steps } = shared
    const all = { ...steps, telemetry: telemetry.filter, context: contextStep(shared.store, shared.propagation) }
    this.#host = {
      ...shared,
      emit: interposition.emit,
      chain: inboundChain(all, (exchange) => exchange.forward()),
    }
    if (speaksHttp2) this.#switch = this.#switchProtocols(interposition.emit)
  }

  /** Resolves when the server has closed, whoever closed it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  get openConnections(): number {
    return this.#connections.size
  }

  get lastConnectedAt(): number {
    return this.#lastConnectedAt
  }

  connected(socket: Socket): boolean {
    this.#track(socket)
    if (this.#switch === undefined) return false
    this.#switch.take(socket)
    return true
  }

  request(event: RequestEvent, request: IncomingMessage, response: ServerResponse): void {
    if (isWatched(request)) {
      // A listener of `checkContinue` hands its request on as `request`: it is on its way already.
      this.#host.emit(event, request, response)
      return
    }
    const connection = this.#track(request.socket)
    const exchange = new RequestExchange(this.#host, connection, event, request, response)
    connection.started(exchange)
    if (this.#isLeaving) connection.closeAfterLatest()
    this.#host.chain(exchange)
  }

  tunnel(event: TunnelEvent, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#track(request.socket)
    const exchange = new TunnelExchange(this.#host, connection, event, request, socket, head)
    connection.started(exchange)
    this.#host.chain(exchange)
  }

  onEmpty(callback: () => void): void {
    this.#whenEmpty = callback
  }

  announceClose(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    for (const connection of this.#connections) connection.closeAfterLatest()
  }

  stopListening(): Promise<void> {
    if (this.server.listening) closeKeepingIdle(this.server)
    return this.#closed
  }

  closeIdle(plan: DrainPlan, now: number): void {
    for (const connection of this.#connections) {
      if (connection.isIdle && graceIsOver(plan, connection.idleSince, now)) connection.end()
    }
  }

  destroyAll(): void {
    for (const connection of this.#connections) connection.cut()
  }

  #switchProtocols(emit: Emit): ProtocolSwitch {
    const http2 = new Http2Side(this.#host)
    return new ProtocolSwitch(this.server, emit, {
      http1: this,
      http2,
      opened: (session, socket) => {
        const connection = this.#track(socket)
        http2.opened(session, connection)
        if (this.#isLeaving) connection.closeAfterLatest()
      },
    })
  }

  #track(socket: Socket): Connection {
    const known = (socket as Tracked)[CONNECTION]
    if (known !== undefined) return known
    const now = this.#host.clock.now()
    const connection = new Connection(socket, now)
    ;(socket as Tracked)[CONNECTION] = connection
    this.#connections.add(connection)
    this.#lastConnectedAt = now
    socket.once('close', () => this.#disconnected(connection))
    return connection
  }

  #disconnected(connection: Connection): void {
    connection.closed()
    this.#connections.delete(connection)
    this.#lastConnectedAt = this.#host.clock.now()
    if (this.#connections.size === 0) this.#whenEmpty()
  }
}

/** Node's `close()` also cuts connections that are unused at that moment; theirs is the grace of the drain. */
function closeKeepingIdle(server: Server | Http2Server): void {
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections')
  Object.defineProperty(server, 'closeIdleConnections', { value: () => undefined, configurable: true, writable: true })
  try {
    server.close()
  } finally {
    if (own === undefined) Reflect.deleteProperty(server, 'closeIdleConnections')
    else Object.defineProperty(server, 'closeIdleConnections', own)
  }
}
