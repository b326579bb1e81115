import { AsyncResource } from 'node:async_hooks'
import type { CircuitBreakers } from '@weft/mesh-protocol'

/** Whether a request has to wait for a connection or is one too many. */
export type Admission = 'waiting' | 'overflow'

/** Where a request holds a place, or waits for one. */
export interface Place {
  /** Gives the place back. */
  leave(key: object): void
}

/** What keeps connections that nobody uses at the moment. */
export interface IdleConnections {
  /** Closes one of them, if there is one; its place becomes free when it has closed. */
  closeIdle(): boolean
}

/**
 * Holds a cluster's limits on connections and on requests that wait for one. HTTP/1.1 carries one request a connection,
 * so requests under way are connections in use; of HTTP/2 each connection takes a place, and what waits is kept by its
 * pool and counted here. The cost of an unlimited cluster is one comparison a request.
 *
 * Source: Envoy `conn_pool_base.cc`: without a free connection a request waits, up to `max_pending_requests`.
 */
export class ConnectionGate implements Place {
  #limits: CircuitBreakers
  #inUse = 0
  readonly #waiting = new Map<object, () => void>()
  #waitingElsewhere = 0
  /** Shared connections keep their places while they are idle. */
  readonly #shared = new Set<IdleConnections>()

  constructor(limits: CircuitBreakers) {
    this.#limits = limits
  }

  get inUse(): number {
    return this.#inUse
  }

  get waiting(): number {
    return this.#waiting.size + this.#waitingElsewhere
  }

  /** New limits hold for requests that come; those that wait go on as connections become free. */
  update(limits: CircuitBreakers): void {
    this.#limits = limits
  }

  /** Shared connections are about to be made, which give way to requests that need one of their own. */
  share(connections: IdleConnections): void {
    this.#shared.add(connections)
  }

  /** They are gone. */
  unshare(connections: IdleConnections): void {
    this.#shared.delete(connections)
  }

  /**
   * Waits for a place; `waiting` is followed by one {@link leave}.
   *
   * @param proceed called when a place becomes free, in the async context of this call
   */
  enter(key: object, proceed: () => void): Admission {
    for (const connections of this.#shared) if (connections.closeIdle()) break
    if (this.waiting >= this.#limits.maxPendingRequests) return 'overflow'
    const resource = new AsyncResource('WeftPendingRequest')
    this.#waiting.set(key, () => resource.runInAsyncScope(proceed))
    return 'waiting'
  }

  /** Takes a free place; true is followed by one {@link leave}. */
  tryEnter(): boolean {
    if (this.#inUse >= this.#limits.maxConnections) return false
    this.#inUse++
    return true
  }

  /** Takes a place over the limit, for what can wait for no other; followed by one {@link leave}. */
  enterOver(): void {
    this.#inUse++
  }

  /** Counts a request that waits elsewhere; true is followed by one {@link stopWaiting}. */
  tryWait(): boolean {
    if (this.waiting >= this.#limits.maxPendingRequests) return false
    this.#waitingElsewhere++
    return true
  }

  stopWaiting(): void {
    this.#waitingElsewhere--
  }

  /** Gives a place back and lets the longest waiting request in. */
  leave(key: object): void {
    if (this.#waiting.size > 0 && this.#waiting.delete(key)) return
    this.#inUse--
    if (this.#waiting.size > 0) this.#admitNext()
  }

  #admitNext(): void {
    if (this.#inUse >= this.#limits.maxConnections) return
    for (const [key, proceed] of this.#waiting) {
      this.#waiting.delete(key)
      this.#inUse++
      proceed()
      return
    }
  }
}
