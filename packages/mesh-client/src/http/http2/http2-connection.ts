import { type ClientHttp2Session, connect, constants, type Settings } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Cluster } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import { MAX_SESSION_MEMORY_MB } from '../http2-limits.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Place } from '../outbound/connection-gate.ts'
import type { Exchange } from '../outbound/exchange.ts'
import { errors } from '../undici.ts'
import { type Carrier, Http2Request } from './http2-request.ts'
import { keepAlive } from './keep-alive.ts'

/** Flow control windows: how much may be on its way unread. As undici's, four times that of the protocol's default. */
const STREAM_WINDOW_BYTES = 256 * 1024
const CONNECTION_WINDOW_BYTES = 1024 * 1024

/** What a connection is told about and tells. */
export interface ConnectionOwner {
  readonly timers: Timers
  readonly config: Cluster
  /** How many streams the server is taken to allow until its SETTINGS have come. */
  readonly streamsBeforeSettings: number
  /** How many it allows, as they have said. */
  streamsAllowed(count: number): void
  /** A stream has ended, or more are allowed. */
  roomMade(): void
  /** It takes no more requests; those that never reached the server are given back to be carried by another. */
  left(connection: Http2Connection, unsent: readonly Unsent[]): void
  /** It is gone. */
  closed(connection: Http2Connection): void
}

/** A request that waits for its connection. */
export interface Unsent {
  readonly exchange: Exchange
  readonly attempt: Attempt
  /** The attempt's own reader of the body: the exchange names that of the newest attempt. */
  readonly body: unknown
}

/** Where the socket comes from. */
export type Connect = (callback: (error: Error | null, socket: Socket | TLSSocket | null) => void) => void

/** One connection that carries any number of requests at once. */
export class Http2Connection implements Carrier, Place {
  readonly scheme: 'http' | 'https'
  readonly timers: Timers
  lastStreamId: number = Number.POSITIVE_INFINITY
  readonly #owner: ConnectionOwner
  readonly #requests = new Set<Http2Request>()
  /** Until there is a session. */
  #early = new Map<object, Unsent>()
  #session: ClientHttp2Session | undefined = undefined
  #serverStreams: number
  #settingsCame = false
  #failure: Error | undefined = undefined
  #served = 0
  #leaving = false
  #gone = false
  #idleTimer: TimerHandle | undefined = undefined
  #ageTimer: TimerHandle | undefined = undefined
  #pings: { stop(): void } | undefined = undefined

  constructor(owner: ConnectionOwner, scheme: 'http' | 'https', open: Connect) {
    this.#owner = owner
    this.timers = owner.timers
    this.#serverStreams = owner.streamsBeforeSettings
    this.scheme = scheme
    open((error, socket) => {
      if (error !== null || socket === null) this.#failed(error ?? new Error('no socket'))
      else this.#connected(socket)
    })
  }

  get hasRoom(): boolean {
    if (this.#leaving || this.#gone) return false
    const limit = this.#owner.config.http2ProtocolOptions?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
    return this.#requests.size + this.#early.size < Math.min(limit, this.#serverStreams)
  }

  /** The server has said that it takes no streams at all for now. RFC 9113 section 6.5.2. */
  get barred(): boolean {
    return this.#settingsCame && this.#serverStreams === 0
  }

  /** It ends streams by ending itself: what they are told of it, the server has not said. */
  get broken(): boolean {
    return this.#gone || this.#failure !== undefined || this.#session?.destroyed === true
  }

  /** It carries nothing, and nothing waits for it. */
  get idle(): boolean {
    return this.#session !== undefined && this.#requests.size === 0 && this.#early.size === 0
  }

  /** Requests wait for it to be made. */
  get awaited(): boolean {
    return this.#early.size > 0
  }

  /** Carries a request, at once or when it is connected. False: it takes none any more. */
  send(unsent: Unsent): boolean {
    const { exchange, attempt, body } = unsent
    const session = this.#session
    if (session === undefined) {
      this.#early.set(attempt, unsent)
      attempt.gate = this
      return true
    }
    if (this.#requests.size === 0) this.#busy(session)
    const request = new Http2Request(this, attempt, exchange, body)
    this.#requests.add(request)
    if (request.start(session)) {
      this.#count()
      return true
    }
    this.#requests.delete(request)
    this.retire()
    return false
  }

  /** A request that waited for the connection is not wanted any more. */
  leave(key: object): void {
    if (this.#early.delete(key)) this.#owner.roomMade()
  }

  explain(error: Error | undefined): Error | undefined {
    const reason = this.#failure ?? error
    if (reason === undefined || this.#settingsCame || !isProtocolError(reason)) return reason
    const explained = new errors.SocketError(`the endpoint does not speak HTTP/2: ${reason.message}`)
    explained.cause = reason
    return explained
  }

  requestEnded(request: Http2Request): void {
    if (!this.#requests.delete(request)) return
    if (this.#requests.size === 0) this.#idle()
    this.#owner.roomMade()
  }

  /** Takes no more requests, and closes when those that it carries have ended. */
  retire(): void {
    if (this.#leaving || this.#gone) return
    this.#leaving = true
    const unsent = [...this.#early.values()]
    this.#early = new Map()
    this.#stopTimers()
    this.#owner.left(this, unsent)
    if (this.#requests.size === 0) this.#session?.close()
  }

  destroy(error: Error): void {
    this.#failure ??= error
    this.#session?.destroy(error)
    if (this.#session === undefined) this.#failed(error)
  }

  #connected(socket: Socket | TLSSocket): void {
    if (this.#gone || (this.#leaving && this.#early.size === 0)) {
      socket.on('error', () => undefined)
      socket.destroy()
      this.#close()
      return
    }
    if ('alpnProtocol' in socket && socket.encrypted === true && socket.alpnProtocol !== 'h2') {
      socket.on('error', () => undefined)
      socket.destroy()
      this.#failed(new errors.SocketError('the server does not offer HTTP/2 over TLS (ALPN)'))
      return
    }
    this.#open(socket)
    const early = this.#early
    this.#early = new Map()
    for (const unsent of early.values()) {
      unsent.attempt.gate = undefined
      if (unsent.attempt.owner === undefined) continue
      if (!this.send(unsent)) this.#owner.left(this, [unsent])
    }
    if (this.#requests.size === 0) this.#idle()
  }

  #open(socket: Socket): void {
    const { config, timers } = this.#owner
    const session = connect(`${this.scheme}://endpoint`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
    })
    this.#session = session
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES))
    session.on('remoteSettings', (settings) => this.#learn(settings))
    session.on('goaway', (code, lastStreamId) => this.#goneAway(code, lastStreamId))
    session.on('error', (error) => {
      this.#failure ??= error
    })
    // Node may leave the socket of a session open that an alert of TLS has ended, and then never tells that it is closed.
    socket.once('error', (error) => {
      this.#failure ??= error
      socket.destroy()
    })
    socket.once('close', () => this.#close())
    session.once('close', () => this.#close())
    const { maxConnectionDurationMs } = config
    if (maxConnectionDurationMs !== undefined) {
      this.#ageTimer = timers.set(() => this.retire(), maxConnectionDurationMs)
    }
    const keepalive = config.http2ProtocolOptions?.connectionKeepalive
    if (keepalive !== undefined) this.#pings = keepAlive(session, keepalive, timers, (error) => this.destroy(error))
  }

  #learn(settings: Settings): void {
    this.#settingsCame = true
    this.#serverStreams = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
    this.#owner.streamsAllowed(this.#serverStreams)
    this.#owner.roomMade()
  }

  /** The streams themselves are ended by Node, which tells those above the last one as refused. */
  #goneAway(code: number, lastStreamId: number): void {
    this.lastStreamId = lastStreamId
    if (code !== constants.NGHTTP2_NO_ERROR) {
      this.#failure ??= new errors.SocketError(`the server closed the connection (HTTP/2 GOAWAY, code ${code})`)
    }
    this.retire()
  }

  #count(): void {
    this.#served++
    const { maxRequestsPerConnection } = this.#owner.config
    if (maxRequestsPerConnection > 0 && this.#served >= maxRequestsPerConnection) this.retire()
  }

  #busy(session: ClientHttp2Session): void {
    session.ref()
    this.#owner.timers.clear(this.#idleTimer)
    this.#idleTimer = undefined
  }

  #idle(): void {
    const session = this.#session
    if (session === undefined || session.destroyed) return
    if (this.#leaving) {
      session.close()
      return
    }
    session.unref()
    const { config, timers } = this.#owner
    if (config.idleTimeoutMs > 0) this.#idleTimer = timers.set(() => this.retire(), config.idleTimeoutMs)
  }

  /** No connection has come about. */
  #failed(error: Error): void {
    const early = this.#early
    this.#early = new Map()
    this.#close()
    for (const { attempt } of early.values()) {
      attempt.gate = undefined
      attempt.onResponseError(undefined as never, error)
    }
  }

  #close(): void {
    if (this.#gone) return
    this.#gone = true
    this.#stopTimers()
    this.#owner.closed(this)
  }

  #stopTimers(): void {
    const { timers } = this.#owner
    timers.clear(this.#idleTimer)
    timers.clear(this.#ageTimer)
    this.#pings?.stop()
  }
}

function isProtocolError(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_HTTP2_ERROR'
}
