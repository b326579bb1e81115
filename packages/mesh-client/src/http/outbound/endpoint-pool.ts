import { type Cluster, DEFAULT_IDLE_TIMEOUT_MS, type Endpoint, UNLIMITED } from '@weft/mesh-protocol'
import type { buildConnector, Dispatcher } from 'undici'
import { MAX_DELAY_MS } from '../../kernel/timers.ts'
import { Pool } from '../undici.ts'
import type { Attempt } from './attempt.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Exchange } from './exchange.ts'

/**
 * How long an unused connection is kept towards a server that does not say how long it keeps its own, while policy is
 * silent: undici's default. Shorter than the idle time of the usual servers (Node: 5 s), so that they do not close it
 * first, under a request.
 */
const UNANNOUNCED_KEEP_ALIVE_MS = 4_000

type Scheme = 'http' | 'https'

/** The connections to one endpoint, made on first use. */
export class EndpointPool {
  readonly #endpoint: Endpoint
  readonly #connector: buildConnector.connector
  /** The limits of the cluster's connections, shared by its endpoints. */
  readonly gate: ConnectionGate
  /** The version of the cluster that it was made or found fit for. */
  config: Cluster
  #plain: Dispatcher | undefined = undefined
  #secure: Dispatcher | undefined = undefined
  /** Whether it was used since the last sweep. */
  touched = true

  constructor(endpoint: Endpoint, config: Cluster, connector: buildConnector.connector, gate: ConnectionGate) {
    this.#endpoint = endpoint
    this.config = config
    this.#connector = connector
    this.gate = gate
  }

  /** Goes on under a new version of its cluster, if that asks for the same connections. */
  adopt(config: Cluster): boolean {
    if (!samePoolOptions(config, this.config)) return false
    this.config = config
    return true
  }

  send(exchange: Exchange, attempt: Attempt): void {
    this.touched = true
    this.#dispatcher(exchange.scheme).dispatch(exchange as Dispatcher.DispatchOptions, attempt)
  }

  /** Lets running requests finish, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#plain?.close(), this.#secure?.close()])
  }

  async destroy(error: Error): Promise<void> {
    await Promise.all([this.#plain?.destroy(error), this.#secure?.destroy(error)])
  }

  #dispatcher(scheme: Scheme): Dispatcher {
    if (scheme === 'http') {
      this.#plain ??= this.#open('http')
      return this.#plain
    }
    this.#secure ??= this.#open('https')
    return this.#secure
  }

  #open(scheme: Scheme): Dispatcher {
    const { address, port } = this.#endpoint
    const host = address.includes(':') ? `[${address}]` : address
    return new Pool(`${scheme}://${host}:${port}`, poolOptions(this.config, this.#connector))
  }
}

function poolOptions(config: Cluster, connect: buildConnector.connector): Pool.Options {
  const { circuitBreakers, idleTimeoutMs, maxRequestsPerConnection } = config
  const keepAliveMs = keepAliveTimeout(idleTimeoutMs)
  return {
    connect,
    allowH2: false,
    pipelining: 1,
    connections: circuitBreakers.maxConnections >= UNLIMITED ? null : circuitBreakers.maxConnections,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: idleTimeoutMs === 0 ? MAX_DELAY_MS : Math.min(idleTimeoutMs, MAX_DELAY_MS),
    ...(maxRequestsPerConnection > 0 ? { maxRequestsPerClient: maxRequestsPerConnection } : {}),
  }
}

function keepAliveTimeout(idleTimeoutMs: number): number {
  if (idleTimeoutMs === DEFAULT_IDLE_TIMEOUT_MS) return UNANNOUNCED_KEEP_ALIVE_MS
  return idleTimeoutMs === 0 ? MAX_DELAY_MS : Math.min(idleTimeoutMs, MAX_DELAY_MS)
}

function samePoolOptions(a: Cluster, b: Cluster): boolean {
  return (
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.maxRequestsPerConnection === b.maxRequestsPerConnection &&
    a.circuitBreakers.maxConnections === b.circuitBreakers.maxConnections
  )
}
