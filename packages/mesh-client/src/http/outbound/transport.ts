import type { Cluster, HealthCheck } from '@weft/mesh-protocol'
import type { ClusterRuntime, EndpointState, Transport } from '../../cluster/types.ts'
import type { IdentitySource } from '../../identity/identity.ts'
import type { HealthCheckOutcome, MutualTls, Recorder } from '../../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import { createEndpointChecker, type EndpointChecker } from '../health/endpoint-checker.ts'
import type { Attempt } from './attempt.ts'
import { ConnectionGate } from './connection-gate.ts'
import { Connectors } from './connectors.ts'
import { EndpointPool } from './endpoint-pool.ts'
import type { Exchange } from './exchange.ts'
import { probeEndpoint } from './probe.ts'

/** How often pools are looked through; one that was not used between two looks is closed. */
const SWEEP_INTERVAL_MS = 60_000

export interface HttpTransportDeps {
  readonly timers: Timers
  readonly recorder: Recorder
  /** Of this process. Default: it has none, and no way to one. */
  readonly identity?: IdentitySource
}

/** The way to the endpoints over HTTP: one pool of connections an endpoint, made on first use. */
export interface HttpTransport extends Transport {
  /**
   * Sends one attempt to its endpoint, at once or as soon as a connection may be used. False: the cluster's limits leave
   * no room for it (told to the recorder), and the attempt hears nothing more.
   */
  send(attempt: Attempt, exchange: Exchange): boolean
  /** Who has proven to be an endpoint; absent: nobody has, the way to it is no mutual TLS. */
  proven(state: EndpointState): MutualTls | undefined
  /** Lets running requests finish, then closes every connection. */
  close(): Promise<void>
  /** Breaks every connection off. */
  destroy(error: Error): Promise<void>
}

export function createHttpTransport(deps: HttpTransportDeps): HttpTransport {
  return new PooledTransport(deps)
}

class PooledTransport implements HttpTransport {
  readonly #deps: HttpTransportDeps
  readonly #gates = new WeakMap<ClusterRuntime, ConnectionGate>()
  readonly #connectors: Connectors
  readonly #pools = new Map<EndpointPool, EndpointState>()
  /** Pools that let their last requests finish. */
  readonly #closing = new Set<EndpointPool>()
  readonly #checker: EndpointChecker
  readonly #stopFollowing: () => void
  #sweepTimer: TimerHandle | undefined

  constructor(deps: HttpTransportDeps) {
    this.#deps = deps
    this.#connectors = new Connectors(deps.timers, deps.identity)
    this.#stopFollowing = deps.identity?.onChange(() => this.#identityChanged()) ?? (() => undefined)
    this.#checker = createEndpointChecker(this.#connectors, deps.timers)
  }

  send(attempt: Attempt, exchange: Exchange): boolean {
    const pool = this.#pool(exchange.cluster, attempt.state)
    if ((pool.multiplexes || exchange.isGrpc) && !exchange.switches) return this.#share(attempt, exchange, pool)
    const { gate } = pool
    if (!gate.tryEnter()) return this.#wait(attempt, exchange, gate)
    attempt.gate = gate
    pool.send(exchange, attempt)
    return true
  }

  probe(state: EndpointState, timeoutMs: number): Promise<boolean> {
    return probeEndpoint(state.endpoint, timeoutMs, this.#deps.timers)
  }

  check({ endpoint }: EndpointState, check: HealthCheck, cluster: Cluster): Promise<HealthCheckOutcome> {
    return this.#checker.check({ endpoint, check, cluster })
  }

  usage(cluster: ClusterRuntime): { connections: number; pending: number } {
    const gate = this.#gates.get(cluster)
    return { connections: gate?.inUse ?? 0, pending: gate?.waiting ?? 0 }
  }

  release(state: EndpointState): void {
    const pool = state.transport
    if (pool instanceof EndpointPool) this.#retire(pool, state)
  }

  proven({ transport }: EndpointState): MutualTls | undefined {
    return transport instanceof EndpointPool ? transport.proven : undefined
  }

  async close(): Promise<void> {
    this.#stopFollowing()
    this.#checker.close()
    this.#deps.timers.clear(this.#sweepTimer)
    for (const [pool, state] of this.#pools) this.#retire(pool, state)
    await Promise.all([...this.#closing].map((pool) => pool.close()))
  }

  async destroy(error: Error): Promise<void> {
    this.#stopFollowing()
    this.#checker.close()
    this.#deps.timers.clear(this.#sweepTimer)
    const all = [...this.#pools.keys(), ...this.#closing]
    this.#pools.clear()
    await Promise.all(all.map((pool) => pool.destroy(error)))
  }

  #share(attempt: Attempt, exchange: Exchange, pool: EndpointPool): boolean {
    if (pool.share(exchange, attempt)) return true
    this.#deps.recorder.overflow(exchange.cluster.name, 'pending')
    return false
  }

  #wait(attempt: Attempt, exchange: Exchange, gate: ConnectionGate): boolean {
    const { cluster } = exchange
    attempt.gate = gate
    // The pool is looked up again: the endpoint may have got another one while the request waited.
    const { body } = exchange
    const admission = gate.enter(attempt, () => {
      // Another attempt of the call may have opened the body for itself since.
      exchange.body = body
      this.#pool(cluster, attempt.state).send(exchange, attempt)
    })
    if (admission === 'waiting') return true
    attempt.gate = undefined
    this.#deps.recorder.overflow(cluster.name, 'pending')
    return false
  }

  #gate(cluster: ClusterRuntime): ConnectionGate {
    const known = this.#gates.get(cluster)
    if (known !== undefined) return known
    const gate = new ConnectionGate(cluster.config.circuitBreakers)
    this.#gates.set(cluster, gate)
    return gate
  }

  #pool(cluster: ClusterRuntime, state: EndpointState): EndpointPool {
    const known = state.transport
    if (known instanceof EndpointPool) {
      if (known.config === cluster.config && known.endpoint === state.endpoint) return known
      known.gate.update(cluster.config.circuitBreakers)
      if (known.adopt(cluster.config, state.endpoint)) return known
      this.#retire(known, state)
    }
    return this.#open(cluster.config, state, this.#gate(cluster))
  }

  #open(config: Cluster, state: EndpointState, gate: ConnectionGate): EndpointPool {
    const { timers } = this.#deps
    const pool = new EndpointPool(state.endpoint, config, { connectors: this.#connectors, timers, gate })
    state.transport = pool
    this.#pools.set(pool, state)
    this.#sweepTimer ??= timers.set(() => this.#sweep(), SWEEP_INTERVAL_MS)
    return pool
  }

  /** Connections with a certificate of before carry what they carry to its end; what comes now goes on new ones. */
  #identityChanged(): void {
    if (this.#connectors.generation === 0) return
    for (const [pool, state] of [...this.#pools]) {
      if (!pool.outdated) continue
      this.#retire(pool, state)
      // Who is there is told of calls that are under way as well.
      this.#open(pool.config, state, pool.gate).succeed(pool)
    }
  }

  #retire(pool: EndpointPool, state: EndpointState): void {
    this.#pools.delete(pool)
    if (state.transport === pool) state.transport = undefined
    this.#closing.add(pool)
    const forget = (): void => {
      this.#closing.delete(pool)
    }
    pool.close().then(forget, forget)
  }

  #sweep(): void {
    this.#sweepTimer = undefined
    for (const [pool, state] of this.#pools) {
      if (pool.touched || state.active > 0) pool.touched = false
      else this.#retire(pool, state)
    }
    if (this.#pools.size > 0) this.#sweepTimer = this.#deps.timers.set(() => this.#sweep(), SWEEP_INTERVAL_MS)
  }
}
