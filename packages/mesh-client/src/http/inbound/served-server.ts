import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { contextStep } from '../../inbound/context-step.ts'
import type { DrainTarget } from '../../inbound/drain.ts'
import { type DrainPlan, graceIsOver } from '../../inbound/drain-plan.ts'
import { inboundChain } from '../../inbound/filters.ts'
import { textReply } from '../../inbound/local-reply.ts'
import type { Timers } from '../../kernel/timers.ts'
import { barPlaintext, takeOver } from './bar-plaintext.ts'
import { closeKeepingIdle, cutUnknown } from './close-keeping-idle.ts'
import type { Connection } from './connection.ts'
import type { ExchangeBase, ExchangeHost } from './exchange-base.ts'
import { FirstPolicyWait } from './first-policy-wait.ts'
import { type ConnectionSwitch, Http2Only } from './http2-only.ts'
import { Http2Side } from './http2-side.ts'
import { type Emit, type Interposer, interpose, type RequestEvent, type TunnelEvent } from './interpose.ts'
import { interposeStreams, type StreamInterposer } from './interpose-streams.ts'
import type { PortMode } from './mtls-mode.ts'
import { OpenConnections } from './open-connections.ts'
import { FIRST_BYTES_TIMEOUT_MS, ProtocolSwitch } from './protocol-switch.ts'
import { RequestExchange } from './request-exchange.ts'
import type { Secured } from './secured.ts'
import { type GateOwner, TlsGate, type TlsGateDeps } from './tls-gate.ts'
import { connectionOf, track } from './tracked.ts'
import { TunnelExchange } from './tunnel-exchange.ts'
import { isWatched } from './watched.ts'

/** What a server over plaintext and mutual TLS has besides its exchanges. */
export interface ServedServerDeps extends TlsGateDeps {
  readonly timers: Timers
  /** Told once, when it begins to be taken out of service. */
  readonly closing?: (() => void) | undefined
}

/** What is spoken over the connections of a port: HTTP/1.1; either; HTTP/2, whose streams the server takes as they are. */
export type Spoken = 'http' | 'http2' | 'grpc'

const ALPN: Readonly<Record<Spoken, readonly string[]>> = {
  http: ['http/1.1'],
  http2: ['h2', 'http/1.1'],
  grpc: ['h2'],
}

/** A server with the mesh before its listeners: its connections, and what passes over them. */
export class ServedServer implements Interposer, StreamInterposer, DrainTarget, GateOwner {
  /** Takes the mesh away from before the listeners. */
  readonly undo: () => void
  readonly server: Server | Http2Server
  readonly #http2: Http2Side | undefined
  readonly #switch: ConnectionSwitch | undefined
  readonly #gate: TlsGate
  readonly #wait: FirstPolicyWait
  readonly #deps: ServedServerDeps
  readonly #host: ExchangeHost
  readonly #emit: Emit
  readonly #connections: OpenConnections
  readonly #closed: Promise<void>
  #isLeaving = false

  constructor(
    server: Server | Http2Server,
    spoken: Spoken,
    shared: Omit<ExchangeHost, 'chain' | 'emit'>,
    deps: ServedServerDeps,
  ) {
    this.server = server
    this.#deps = deps
    this.#connections = new OpenConnections(deps)
    const isGrpc = spoken === 'grpc'
    const interposition = isGrpc ? interposeStreams(server as Http2Server, this) : interpose(server, this)
    this.#emit = interposition.emit
    this.#wait = new FirstPolicyWait(deps)
    const rules = { alpn: ALPN[spoken], silenceMs: FIRST_BYTES_TIMEOUT_MS, silence: 'closes' } as const
    this.#gate = new TlsGate(deps, shared.served, rules, this)
    this.undo = () => {
      interposition.undo()
      this.#switch?.close()
      this.#gate.close()
      this.#wait.close()
    }
    this.#closed = new Promise((resolve) => {
      server.once('close', () => {
        this.undo()
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
    if (spoken === 'http') return
    const http2 = new Http2Side(this.#host, (connection, exchange) => this.#admit(connection, exchange))
    this.#http2 = http2
    const opened = (session: ServerHttp2Session, socket: Socket): void => this.#opened(http2, session, socket)
    this.#switch = isGrpc
      ? new Http2Only(server as Http2Server, this.#emit, opened)
      : new ProtocolSwitch(server, this.#emit, { http1: this, http2, opened })
  }

  /** Resolves when the server has closed, whoever closed it. */
  get closed(): Promise<void> {
    return this.#closed
  }

  get openConnections(): number {
    return this.#connections.all.size
  }

  get lastConnectedAt(): number {
    return this.#connections.lastChangedAt
  }

  connected(socket: Socket): boolean {
    const connection = this.#connections.of(socket)
    if (this.#gate.take(socket)) return true
    connection.isPlain = true
    if (this.#switch === undefined) return false
    this.#switch.take(socket)
    return true
  }

  plaintext(socket: Socket): void {
    this.#connections.of(socket).isPlain = true
    if (this.#switch === undefined) this.#emit('connection', socket)
    else this.#switch.take(socket)
  }

  secured(socket: TLSSocket, secured: Secured, raw: Socket): void {
    const connection = this.#connections.of(raw)
    connection.secure(socket, secured)
    track(socket, connection)
    if (this.#switch === undefined) this.#emit('connection', socket)
    else this.#switch.takeSecured(socket)
  }

  /** Of what is not taken any more, plaintext has a moment to end; mutual TLS, which harms nobody, as long as it needs. */
  modeChanged(mode: PortMode): void {
    if (mode === 'STRICT') barPlaintext(this.#connections.all, this.#deps.timers)
    if (mode === 'DISABLE') for (const connection of this.#connections.all) if (!connection.isPlain) connection.retire()
  }

  generationChanged(generation: number): void {
    for (const connection of this.#connections.all) {
      if (connection.secured !== undefined && connection.secured.generation !== generation) connection.retire()
    }
  }

  request(event: RequestEvent, request: IncomingMessage, response: ServerResponse): void {
    if (isWatched(request)) {
      // A listener of `checkContinue` hands its request on as `request`: it is on its way already.
      this.#host.emit(event, request, response)
      return
    }
    if (this.#http2 !== undefined && request.httpVersionMajor > 1) {
      // The listening server speaks HTTP/2 itself.
      this.#http2.request(event, request, response)
      return
    }
    const connection = connectionOf(request.socket) ?? takeOver(this.#connections.of(request.socket), this.#gate.mode)
    const exchange = new RequestExchange(this.#host, connection, event, request, response)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }

  tunnel(event: TunnelEvent, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#http2 !== undefined && request.httpVersionMajor > 1) {
      this.#http2.tunnel(event, request, socket)
      return
    }
    const connection = connectionOf(request.socket) ?? takeOver(this.#connections.of(request.socket), this.#gate.mode)
    const exchange = new TunnelExchange(this.#host, connection, event, request, socket, head)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }

  stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]): void {
    this.#http2?.stream(stream, headers, flags, rawHeaders)
  }

  onEmpty(callback: () => void): void {
    this.#connections.whenEmpty = callback
  }

  closing(): void {
    this.#deps.closing?.()
  }

  announceClose(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    for (const connection of this.#connections.all) connection.closeAfterLatest()
  }

  stopListening(): Promise<void> {
    if (this.server.listening) closeKeepingIdle(this.server)
    if (this.#connections.all.size === 0) cutUnknown(this.server)
    return this.#closed
  }

  closeIdle(plan: DrainPlan, now: number): void {
    for (const connection of this.#connections.all) {
      if (connection.isIdle && graceIsOver(plan, connection.idleSince, now)) connection.end()
    }
  }

  destroyAll(): void {
    for (const connection of this.#connections.all) connection.cut()
  }

  /** Has an exchange served, if and as soon as it may be. */
  #admit(connection: Connection, exchange: ExchangeBase): void {
    if (this.#isLeaving || exchange.startedAt >= connection.leaveAt) {
      if (connection.barred) {
        connection.socket.destroy()
        return
      }
      connection.closeAfterLatest()
    }
    if (this.#wait.over) this.#host.chain(exchange)
    else this.#hold(connection, exchange)
  }

  #hold(connection: Connection, exchange: ExchangeBase): void {
    this.#wait.hold((decided) => {
      if (exchange.ended || connection.barred) return
      if (decided) this.#host.chain(exchange)
      else exchange.answer(textReply(503, 'no inbound policy yet', exchange.isGrpc), '-')
    })
  }

  #opened(http2: Http2Side, session: ServerHttp2Session, socket: Socket): void {
    const connection = this.#connections.of(socket)
    http2.opened(session, connection)
    if (this.#isLeaving) connection.closeAfterLatest()
  }
}
