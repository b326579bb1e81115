import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { type Cluster, DEFAULT_IDLE_TIMEOUT_MS, type Endpoint, UNLIMITED } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { MAX_DELAY_MS, type Timers } from '../../kernel/timers.ts'
import type { Connect } from '../http2/http2-connection.ts'
import { Http2Pool } from '../http2/http2-pool.ts'
import { Pool } from '../undici.ts'
import type { Attempt } from './attempt.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Connectors, Offer } from './connectors.ts'
import type { Exchange } from './exchange.ts'
import { ExpectingRequest } from './expecting-request.ts'
import { hostOf } from './request-headers.ts'

/**
 * How long an unused connection is kept towards a server that does not say how long it keeps its own, while policy is
 * silent: undici's default. Shorter than the idle time of the usual servers (Node: 5 s), so that they do not close it
 * first, under a request.
 */
const UNANNOUNCED_KEEP_ALIVE_MS = 4_000

type Scheme = 'http' | 'https'

export interface EndpointPoolDeps {
  readonly connectors: Connectors
  readonly timers: Timers
  /** The limits of the cluster's connections, shared by its endpoints. */
  readonly gate: ConnectionGate
}

/**
 * The connections to one endpoint, made on first use: undici's for HTTP/1.1 and for what switches protocols, our own
 * over node:http2 for HTTP/2.
 */
export class EndpointPool {
  readonly #endpoint: Endpoint
  readonly #deps: EndpointPoolDeps
  readonly gate: ConnectionGate
  /** The version of the cluster that it was made or found fit for. */
  config: Cluster
  /** Whether requests share connections; what switches protocols never does. */
  readonly multiplexes: boolean
  #expecting: Set<ExpectingRequest> | undefined = undefined
  #plain: Dispatcher | undefined = undefined
  #secure: Dispatcher | undefined = undefined
  /** By the name that TLS is asked for; empty for connections without TLS. */
  #shared: Map<string, Http2Pool> | undefined = undefined
  /** Whether it was used since the last sweep. */
  touched = true

  constructor(endpoint: Endpoint, config: Cluster, deps: EndpointPoolDeps) {
    this.#endpoint = endpoint
    this.#deps = deps
    this.gate = deps.gate
    this.config = config
    this.multiplexes = config.protocol === 'http2' || config.protocol === 'grpc'
  }

  /** Goes on under a new version of its cluster, if that asks for the same connections. */
  adopt(config: Cluster): boolean {
    if (!samePoolOptions(config, this.config)) return false
    this.config = config
    for (const pool of this.#shared?.values() ?? []) pool.config = config
    return true
  }

  /** Sends a request on a connection of its own. */
  send(exchange: Exchange, attempt: Attempt): void {
    this.touched = true
    const scheme = this.#scheme(exchange)
    if (exchange.expectContinue === true && exchange.body !== null) this.#sendExpecting(scheme, exchange, attempt)
    else this.#dispatcher(scheme).dispatch(exchange as Dispatcher.DispatchOptions, attempt)
  }

  /** undici does not await `100 Continue` over HTTP/1.1: such a request gets a connection of its own. */
  #sendExpecting(scheme: Scheme, exchange: Exchange, attempt: Attempt): void {
    const { timers } = this.#deps
    const requests = this.#expecting ?? new Set<ExpectingRequest>()
    this.#expecting = requests
    const request: ExpectingRequest = new ExpectingRequest(attempt, timers, () => requests.delete(request))
    requests.add(request)
    request.start(exchange, this.#connectTo(scheme, 'http/1.1', this.#nameOf(exchange)))
  }

  /** Sends a request on a connection that others use too. False: too many wait for one. */
  share(exchange: Exchange, attempt: Attempt): boolean {
    this.touched = true
    const scheme = this.#scheme(exchange)
    const name = scheme === 'http' ? '' : this.#nameOf(exchange)
    const pools = this.#shared ?? new Map<string, Http2Pool>()
    this.#shared = pools
    const known = pools.get(name)
    if (known !== undefined) return known.send(exchange, attempt)
    const pool = this.#openShared(scheme, name)
    pools.set(name, pool)
    return pool.send(exchange, attempt)
  }

  /** Lets running requests finish, then closes the connections. */
  async close(): Promise<void> {
    const shared = [...(this.#shared?.values() ?? [])].map((pool) => pool.close())
    await Promise.all([this.#plain?.close(), this.#secure?.close(), ...shared])
  }

  async destroy(error: Error): Promise<void> {
    const shared = [...(this.#shared?.values() ?? [])].map((pool) => pool.destroy(error))
    for (const request of this.#expecting ?? []) request.abort(error)
    await Promise.all([this.#plain?.destroy(error), this.#secure?.destroy(error), ...shared])
  }

  /** Where policy asks for TLS, whatever the caller has written. */
  #scheme(exchange: Exchange): Scheme {
    return this.config.tls === undefined ? exchange.scheme : 'https'
  }

  /** What TLS asks the server for. */
  #nameOf(exchange: Exchange): string {
    return this.config.tls?.sni ?? exchange.servername ?? hostnameOf(hostOf(exchange.headers))
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
    return new Pool(`${scheme}://${host}:${port}`, poolOptions(this.config, this.#deps.connectors))
  }

  #openShared(scheme: Scheme, servername: string): Http2Pool {
    const { timers, gate } = this.#deps
    return new Http2Pool(this.config, { timers, gate, scheme, connect: this.#connectTo(scheme, 'h2', servername) })
  }

  #connectTo(scheme: Scheme, offer: Offer, servername: string): Connect {
    const { address, port } = this.#endpoint
    const connector = this.#deps.connectors.for(this.config, offer)
    const target = {
      hostname: address,
      host: address,
      protocol: `${scheme}:`,
      port: String(port),
      // TLS has no names that are addresses. RFC 6066 section 3.
      ...(scheme === 'https' && isIP(servername) === 0 ? { servername } : {}),
    }
    return (callback) => void connector(target, callback as Parameters<typeof connector>[1])
  }
}

function poolOptions(config: Cluster, connectors: Connectors): Pool.Options {
  const { circuitBreakers, idleTimeoutMs, maxConnectionDurationMs, maxRequestsPerConnection } = config
  const longestMs = Math.min(
    idleTimeoutMs === 0 ? MAX_DELAY_MS : idleTimeoutMs,
    maxConnectionDurationMs ?? MAX_DELAY_MS,
  )
  return {
    connect: connectors.for(config, 'http/1.1'),
    allowH2: false,
    pipelining: 1,
    connections: circuitBreakers.maxConnections >= UNLIMITED ? null : circuitBreakers.maxConnections,
    keepAliveTimeout: Math.min(keepAliveTimeout(idleTimeoutMs), longestMs),
    keepAliveMaxTimeout: Math.min(longestMs, MAX_DELAY_MS),
    ...(maxRequestsPerConnection > 0 ? { maxRequestsPerClient: maxRequestsPerConnection } : {}),
    ...(maxConnectionDurationMs === undefined ? {} : { clientTtl: maxConnectionDurationMs }),
  }
}

function keepAliveTimeout(idleTimeoutMs: number): number {
  if (idleTimeoutMs === DEFAULT_IDLE_TIMEOUT_MS) return UNANNOUNCED_KEEP_ALIVE_MS
  return idleTimeoutMs === 0 ? MAX_DELAY_MS : Math.min(idleTimeoutMs, MAX_DELAY_MS)
}

/** What connections depend on. */
function connectionOptions(config: Cluster): readonly unknown[] {
  return [
    config.protocol,
    config.connectTimeoutMs,
    config.idleTimeoutMs,
    config.maxRequestsPerConnection,
    config.circuitBreakers.maxConnections,
    config.maxConnectionDurationMs,
    config.tcpKeepalive,
    config.http2ProtocolOptions,
    config.tls,
  ]
}

function samePoolOptions(a: Cluster, b: Cluster): boolean {
  return isDeepStrictEqual(connectionOptions(a), connectionOptions(b))
}

/** The host of an authority, an IPv6 address without its brackets. */
function hostnameOf(authority: string): string {
  return authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
