import { isIP } from 'node:net'
import { FIRST_POLICY_WAIT_MS, HOST_SELECTION_RETRY_MAX_ATTEMPTS } from '@weft/mesh-protocol'
import { ABORTED, CONNECT_FAILED, LOCAL_OVERFLOW, REFUSED, responseOutcome } from '../call/outcome.ts'
import type { ClusterRuntime, EndpointState, PickContext } from '../cluster/types.ts'
import { accountOf, serviceOf } from '../http/outbound/call-account.ts'
import type { Refusal } from '../http/outbound/local-reply.ts'
import type { OriginTarget } from '../http/outbound/origins.ts'
import type { HeldCall } from '../http/outbound/policy-wait.ts'
import {
  noCluster,
  noEndpoint,
  noHost,
  noPolicy,
  noPort,
  notInRegistry,
  overflow,
  tooLate,
} from '../http/outbound/refusals.ts'
import { lessonOf, withCause } from '../http/outbound/transport-errors.ts'
import { MeshError } from '../kernel/errors.ts'
import { peerOf } from '../kernel/peer-header.ts'
import type { MutualTls } from '../kernel/recorder.ts'
import type { TimerHandle } from '../kernel/timers.ts'
import { chooseDestination } from '../routing/weighted-split.ts'
import type { ConnectEnvironment, ConnectOptions } from './connect-environment.ts'
import { ConnectionFacts } from './connection-facts.ts'
import { limitLife } from './life-limit.ts'
import type { ConnectPlan, MeshSocket, SocketAddress } from './mesh-socket.ts'

/** An established connection counts as a success, as in Envoy, which records one for TCP. */
const ESTABLISHED = responseOutcome(200)

/** One connection to a host, from the call of `connect` to its end. */
export class OutboundConnection implements HeldCall, ConnectPlan {
  readonly origin: string
  readonly #env: ConnectEnvironment
  readonly #socket: MeshSocket
  readonly #options: ConnectOptions
  readonly #startedAt: number
  readonly #tried: EndpointState[] = []
  #route = ''
  #host = ''
  #target: OriginTarget | undefined
  #cluster: ClusterRuntime | undefined
  #state: EndpointState | undefined
  #timer: TimerHandle | undefined
  #proven: MutualTls | undefined

  constructor(env: ConnectEnvironment, socket: MeshSocket, options: ConnectOptions & { readonly origin: string }) {
    this.#env = env
    this.#socket = socket
    this.#options = options
    this.origin = options.origin
    this.#startedAt = env.clock.now()
  }

  get over(): boolean {
    return this.#socket.destroyed
  }

  start(): void {
    this.#proceed(this.#env.targets.resolve(this.origin), false)
  }

  released(target: OriginTarget): void {
    if (!this.over) this.#proceed(target, true)
  }

  attemptFailed(error: Error): SocketAddress | Error {
    const cluster = this.#cluster
    if (cluster === undefined) return error
    const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    this.#attemptEnded(lessonOf(error, refused ? REFUSED : CONNECT_FAILED))
    const next = this.#tried.length <= HOST_SELECTION_RETRY_MAX_ATTEMPTS ? this.#pickUntried(cluster) : undefined
    if (next !== undefined) return this.#attempt(cluster, next)
    return this.#failed(cluster, error)
  }

  connected(): void {
    const cluster = this.#cluster
    const state = this.#state
    this.#clearTimer()
    if (cluster === undefined || state === undefined) return
    const { endpoint } = state
    const named = peerOf(endpoint.workload, endpoint.labels, this.#env.self.cluster)
    const peer = this.#proven === undefined ? named : { ...named, mutualTls: this.#proven }
    this.#env.meter.opened(this.#socket, { reporter: 'source', service: cluster.config.service, peer })
    limitLife(this.#socket, cluster.config, this.#options.keepAlive, this.#env.timers)
    this.#socket.once('close', () => this.#ended(ESTABLISHED))
  }

  abandoned(): void {
    this.#ended(ABORTED)
  }

  #proceed(target: OriginTarget, waited: boolean): void {
    this.#host = target.host
    this.#target = target
    switch (target.kind) {
      case 'served':
        this.#enterRoutes(target)
        return
      case 'undecided':
      case 'following':
        if (!waited) this.#env.targets.hold(this, this.#startedAt)
        else if (target.kind === 'undecided') this.#passThrough()
        else this.#refuse(noPolicy(target, FIRST_POLICY_WAIT_MS))
        return
      case 'outside':
        this.#passThrough()
        return
      case 'blocked':
        this.#refuse(notInRegistry(target))
        return
      case 'absent':
        this.#refuse(noHost(target))
        return
      default:
        this.#refuse(noPort(target))
    }
  }

  #passThrough(): void {
    const { host, port } = this.#options
    this.#socket.follow(this, { host, port })
  }

  #enterRoutes(target: OriginTarget): void {
    const { host, servername } = this.#options
    const route = target.table?.matchTcp({ serverName: servername, address: isIP(host) === 0 ? undefined : host })
    if (route === undefined) {
      this.#refuse(noPort(target))
      return
    }
    this.#route = route.name
    const { cluster: name } = chooseDestination(route, this.#env.random)
    const cluster = this.#env.clusters.get(name)
    if (cluster === undefined) this.#refuse(noCluster(target, route.name, name))
    else this.#enterCluster(cluster)
  }

  #enterCluster(cluster: ClusterRuntime): void {
    const now = this.#env.clock.now()
    const deadline = this.#env.context.getStore()?.deadline
    if (deadline !== undefined && deadline <= now) {
      this.#refuse(tooLate(cluster), cluster)
      return
    }
    if (!this.#env.limits.tryAcquire(cluster)) {
      this.#env.recorder.overflow(cluster.name, 'connections')
      this.#refuse(overflow(cluster, 'connections'), cluster)
      return
    }
    this.#cluster = cluster
    const state = cluster.pick(this.#pickContext(cluster))
    if (state === undefined) {
      this.#ended(LOCAL_OVERFLOW)
      this.#refuse(noEndpoint(cluster), cluster)
      return
    }
    this.#startTimer(cluster, deadline === undefined ? undefined : deadline - now)
    this.#socket.follow(this, this.#attempt(cluster, state))
  }

  #attempt(cluster: ClusterRuntime, state: EndpointState): SocketAddress {
    this.#state = state
    this.#tried.push(state)
    cluster.attemptStarted(state)
    const { address: host, port } = state.endpoint
    const named = this.#options.servername ?? this.#options.host
    this.#proven = undefined
    const dial = this.#env.dialers.to(cluster.config, state.endpoint, named, (proven) => {
      this.#proven = proven
    })
    return { host, port, dial }
  }

  /** A connection can be hashed by its source address alone, as in Envoy's `tcp_proxy`. */
  #pickContext({ hashRequest }: ClusterRuntime): PickContext {
    const plain = { tried: this.#tried, avoidTried: true, destination: this.#target }
    if (hashRequest === undefined) return plain
    const { hash } = hashRequest(new ConnectionFacts(this.#env.targets.sourceAddress()))
    return { ...plain, hash }
  }

  #pickUntried(cluster: ClusterRuntime): EndpointState | undefined {
    const state = cluster.pick(this.#pickContext(cluster))
    return state === undefined || this.#tried.includes(state) ? undefined : state
  }

  /** One limit for all attempts together: nobody waits longer for a connection because the first endpoint was down. */
  #startTimer(cluster: ClusterRuntime, leftMs: number | undefined): void {
    const { connectTimeoutMs } = cluster.config
    const limitMs = Math.max(1, Math.ceil(Math.min(connectTimeoutMs, leftMs ?? connectTimeoutMs)))
    this.#timer = this.#env.timers.set(
      () => {
        const error = Object.assign(new Error(`no connection within ${limitMs} ms`), { code: 'ETIMEDOUT' })
        this.#attemptEnded(CONNECT_FAILED)
        this.#socket.fail(this.#failed(cluster, error))
      },
      limitMs,
      { holdsLoop: true },
    )
  }

  #clearTimer(): void {
    this.#env.timers.clear(this.#timer)
    this.#timer = undefined
  }

  #attemptEnded(outcome: typeof ABORTED): void {
    const state = this.#state
    this.#state = undefined
    if (state !== undefined) this.#cluster?.attemptEnded(state, outcome, this.#env.clock.now())
  }

  /** Gives back all that the connection holds; once. */
  #ended(outcome: typeof ABORTED): void {
    this.#clearTimer()
    this.#attemptEnded(outcome)
    const cluster = this.#cluster
    this.#cluster = undefined
    if (cluster !== undefined) this.#env.limits.release(cluster)
  }

  #failed(cluster: ClusterRuntime, error: Error): Error {
    const facts = {
      service: this.#host,
      route: this.#route,
      endpoint: this.#tried.at(-1)?.endpoint.id,
      attempts: this.#tried.length,
      flags: ['UF'] as const,
    }
    this.#ended(ABORTED)
    this.#env.meter.refused({ reporter: 'source', service: cluster.config.service, peer: undefined }, 'UF')
    return withCause(error, accountOf('WEFT_UPSTREAM_CONNECT_FAILURE', facts, error))
  }

  #refuse({ code, text, flags }: Refusal, cluster?: ClusterRuntime): void {
    const service = cluster?.config.service ?? serviceOf(this.#host)
    this.#env.meter.refused({ reporter: 'source', service, peer: undefined }, flags.join(','))
    this.#socket.fail(new MeshError(code, text, { service: this.#host, route: this.#route, flags }))
  }
}
