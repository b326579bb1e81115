import type { Cluster } from '@weft/mesh-protocol'
import type { Timers } from '../../kernel/timers.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { ConnectionGate, IdleConnections, Place } from '../outbound/connection-gate.ts'
import type { Exchange } from '../outbound/exchange.ts'
import { type Connect, type ConnectionOwner, Http2Connection, type Unsent } from './http2-connection.ts'

/** What is assumed of a server until its first SETTINGS have come; Node's own assumption. */
const STREAMS_BEFORE_SETTINGS = 100

/** What a pool needs of its endpoint. */
export interface Http2PoolDeps {
  readonly timers: Timers
  /** The limits of the cluster, shared by its endpoints. */
  readonly gate: ConnectionGate
  readonly scheme: 'http' | 'https'
  readonly connect: Connect
}

/**
 * The HTTP/2 connections to one endpoint. A request goes on the first that has a stream for it; another is opened only
 * when none has, so that a burst shares one connection while it is being made. What the server allows on one holds for
 * the next too until it says otherwise, so that what it has refused on the first is not refused again.
 *
 * Source: Envoy `conn_pool_base.cc`: over the cluster's limit of connections an endpoint without any still gets one, so
 * that no request waits for what cannot come.
 */
export class Http2Pool implements ConnectionOwner, Place, IdleConnections {
  readonly timers: Timers
  config: Cluster
  streamsBeforeSettings: number = STREAMS_BEFORE_SETTINGS
  readonly #gate: ConnectionGate
  readonly #scheme: 'http' | 'https'
  readonly #connect: Connect
  readonly #connections = new Set<Http2Connection>()
  /** Retired connections that still carry requests. */
  readonly #leaving = new Set<Http2Connection>()
  readonly #waiting = new Map<object, Unsent>()
  #closing = false
  #givingRoom = false
  #whenEmpty: (() => void) | undefined

  constructor(config: Cluster, deps: Http2PoolDeps) {
    this.config = config
    this.timers = deps.timers
    this.#gate = deps.gate
    this.#scheme = deps.scheme
    this.#connect = deps.connect
    deps.gate.share(this)
  }

  /** Sends a request, now or as soon as a stream is free. False: too many wait already. */
  send(exchange: Exchange, attempt: Attempt): boolean {
    return this.#admit({ exchange, attempt, body: exchange.body })
  }

  /** A waiting request is not wanted any more. */
  leave(key: object): void {
    if (this.#waiting.delete(key)) this.#gate.stopWaiting()
  }

  closeIdle(): boolean {
    for (const connection of this.#connections) {
      if (!connection.idle) continue
      connection.retire()
      return true
    }
    return false
  }

  streamsAllowed(count: number): void {
    this.streamsBeforeSettings = Math.min(Math.max(1, count), STREAMS_BEFORE_SETTINGS)
  }

  roomMade(): void {
    // Sending one may make room in turn: the round that is under way goes on with it, and sends none twice.
    if (this.#givingRoom) return
    this.#givingRoom = true
    const all = this.#giveRoom()
    this.#givingRoom = false
    if (all) this.#endIfEmpty()
  }

  left(connection: Http2Connection, unsent: readonly Unsent[]): void {
    if (this.#connections.delete(connection)) this.#leaving.add(connection)
    for (const one of unsent) {
      const { attempt } = one
      attempt.gate = undefined
      if (attempt.owner !== undefined && !this.#admit(one)) {
        attempt.onResponseError(undefined as never, new Error('too many requests wait for a connection'))
      }
    }
    this.roomMade()
  }

  closed(connection: Http2Connection): void {
    const known = this.#connections.delete(connection)
    if (this.#leaving.delete(connection) || known) this.#gate.leave(connection)
    this.roomMade()
  }

  /** Lets running requests finish, then closes the connections. */
  close(): Promise<void> {
    this.#closing = true
    this.#gate.unshare(this)
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      if (this.#waiting.size === 0) this.#retireAll()
      this.#endIfEmpty()
    })
  }

  async destroy(error: Error): Promise<void> {
    this.#closing = true
    this.#gate.unshare(this)
    for (const { attempt } of this.#waiting.values()) {
      this.#gate.stopWaiting()
      attempt.gate = undefined
      attempt.onResponseError(undefined as never, error)
    }
    this.#waiting.clear()
    for (const connection of [...this.#connections, ...this.#leaving]) connection.destroy(error)
  }

  /** Whether nobody waits any more. */
  #giveRoom(): boolean {
    for (const [key, unsent] of this.#waiting) {
      if (!this.#carry(unsent)) return false
      if (this.#waiting.delete(key)) this.#gate.stopWaiting()
    }
    return true
  }

  #admit(unsent: Unsent): boolean {
    if (this.#carry(unsent)) return true
    if (!this.#gate.tryWait()) return false
    const { attempt } = unsent
    this.#waiting.set(attempt, unsent)
    attempt.gate = this
    return true
  }

  #carry(unsent: Unsent): boolean {
    const { attempt } = unsent
    let barred = false
    for (const connection of this.#connections) {
      barred ||= connection.barred
      if (!connection.hasRoom) continue
      attempt.gate = undefined
      if (connection.send(unsent)) return true
    }
    // A server that takes none would say so on another connection too.
    const connection = barred ? undefined : this.#open()
    if (connection === undefined) return false
    attempt.gate = undefined
    return connection.send(unsent)
  }

  #open(): Http2Connection | undefined {
    const first = this.#connections.size === 0
    if (!this.#gate.tryEnter()) {
      if (!first) return undefined
      this.#gate.enterOver()
    }
    const connection = new Http2Connection(this, this.#scheme, this.#connect)
    this.#connections.add(connection)
    return connection
  }

  #retireAll(): void {
    // One that is not made yet is needed for the requests that wait for it; they are not sent anew over another.
    for (const connection of this.#connections) if (!connection.awaited) connection.retire()
  }

  #endIfEmpty(): void {
    if (!this.#closing) return
    if (this.#waiting.size === 0 && this.#connections.size > 0) this.#retireAll()
    if (this.#connections.size + this.#leaving.size === 0) this.#whenEmpty?.()
  }
}
