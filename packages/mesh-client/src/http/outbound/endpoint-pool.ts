import { isIP } from 'node:net'
import type { Cluster, Endpoint } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import type { Identity } from '../../identity/identity.ts'
import type { ProvenPeer } from '../../identity/tls-peer.ts'
import type { MutualTls } from '../../kernel/recorder.ts'
import type { Timers } from '../../kernel/timers.ts'
import type { Connect } from '../http2/http2-connection.ts'
import { Http2Pool } from '../http2/http2-pool.ts'
import { Pool } from '../undici.ts'
import type { Attempt } from './attempt.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Connectors, Offer } from './connectors.ts'
import type { Exchange } from './exchange.ts'
import { ExpectingRequest } from './expecting-request.ts'
import { type MeshTlsTarget, sameMeshTls } from './mesh-tls.ts'
import { multiplexes } from './multiplexes.ts'
import { poolOptions, samePoolOptions } from './pool-options.ts'
import { hostOf } from './request-headers.ts'

type Scheme = 'http' | 'https'

export interface EndpointPoolDeps {
  readonly connectors: Connectors
  readonly timers: Timers
  /** The limits of the cluster's connections, shared by its endpoints. */
  readonly gate: ConnectionGate
}

/**
 * The connections to one endpoint, made on first use: undici's for HTTP/1.1 and for what switches protocols, our own
 * over node:http2 for HTTP/2, which calls of gRPC use whatever the cluster speaks. All count against the same limits.
 */
export class EndpointPool {
  /** As it was when the pool was made, or found fit for it. */
  endpoint: Endpoint
  readonly #deps: EndpointPoolDeps
  readonly gate: ConnectionGate
  /** The version of the cluster that it was made or found fit for. */
  config: Cluster
  /** Whether requests share connections; what switches protocols never does, and gRPC always. */
  readonly multiplexes: boolean
  /** Mutual TLS of the mesh below all that is sent. */
  readonly #mesh: MeshTlsTarget | undefined
  /** Of the certificate that its connections are made with; 0: there is none yet, or none is needed. */
  #generation = 0
  /**
   * Who has proven to be there; absent: nobody has been asked to. The same object as long as the endpoint is what it was, so that
   * telemetry knows it by that.
   */
  proven: MutualTls | undefined = undefined
  #expecting: Set<ExpectingRequest> | undefined = undefined
  #plain: Dispatcher | undefined = undefined
  #secure: Dispatcher | undefined = undefined
  /** By the name that TLS is asked for; empty for connections without TLS. */
  #shared: Map<string, Http2Pool> | undefined = undefined
  /** Whether it was used since the last sweep. */
  touched = true

  constructor(endpoint: Endpoint, config: Cluster, deps: EndpointPoolDeps) {
    this.endpoint = endpoint
    this.#deps = deps
    this.gate = deps.gate
    this.config = config
    this.#mesh = deps.connectors.meshTls(config, endpoint)
    if (this.#mesh !== undefined) this.#generation = deps.connectors.generation
    this.multiplexes = multiplexes(config)
  }

  /** Whether its connections are made with a certificate that is not the one of now. */
  get outdated(): boolean {
    if (this.#mesh === undefined) return false
    const { generation } = this.#deps.connectors
    // What waits for the first certificate is made with it.
    if (this.#generation === 0) this.#generation = generation
    return this.#generation !== generation
  }

  /** Goes on under a new version of its cluster and endpoint, if those ask for the same connections. */
  adopt(config: Cluster, endpoint: Endpoint): boolean {
    if (!samePoolOptions(config, this.config) || !sameMeshTls(endpoint, this.endpoint)) return false
    this.config = config
    if (this.endpoint !== endpoint && this.proven !== undefined) this.proven = { ...this.proven }
    this.endpoint = endpoint
    for (const pool of this.#shared?.values() ?? []) pool.config = config
    return true
  }

  /** Stands in for one whose certificate is not the one of now. */
  succeed(former: EndpointPool): void {
    this.proven = former.proven
    this.touched = former.touched
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

  /** Where policy asks for TLS, whatever the caller has written; below mutual TLS of the mesh there is no other. */
  #scheme(exchange: Exchange): Scheme {
    if (this.#mesh !== undefined) return 'http'
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
    const { address, port } = this.endpoint
    const host = address.includes(':') ? `[${address}]` : address
    return new Pool(`${scheme}://${host}:${port}`, poolOptions(this.config, this.#connector('http/1.1')))
  }

  #connector(offer: Offer): ReturnType<Connectors['for']> {
    const { connectors } = this.#deps
    if (this.#mesh === undefined) return connectors.for(this.config, offer)
    return connectors.forMesh(this.#mesh, this.config, offer, (peer, own) => this.#learn(peer, own))
  }

  #learn({ uri }: ProvenPeer, own: Identity): void {
    if (this.proven?.peer !== uri || this.proven.own !== own.uri) this.proven = { peer: uri, own: own.uri }
  }

  #openShared(scheme: Scheme, servername: string): Http2Pool {
    const { timers, gate } = this.#deps
    return new Http2Pool(this.config, { timers, gate, scheme, connect: this.#connectTo(scheme, 'h2', servername) })
  }

  #connectTo(scheme: Scheme, offer: Offer, servername: string): Connect {
    const { address, port } = this.endpoint
    const connector = this.#connector(offer)
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

/** The host of an authority, an IPv6 address without its brackets. */
function hostnameOf(authority: string): string {
  return authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}
