import {
  type Cluster,
  DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
  DEFAULT_PEAK_EWMA,
  type Endpoint,
  type ErrorRateBreaker,
} from '@weft/mesh-protocol'
import { picksByHash } from '../balancing/picker.ts'
import { compileRequestHash, type RequestHasher } from '../balancing/request-hash.ts'
import type { BreakerState, OverflowKind } from '../kernel/recorder.ts'
import { ActiveChecks } from './active-checks.ts'
import type { ClusterDeps } from './cluster-deps.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { EndpointSet } from './endpoint-set.ts'
import { breakerFor, type ErrorRateBreakerRuntime } from './error-rate-breaker.ts'
import { LatencyObserver } from './latency-observer.ts'
import { LoadObserver } from './load-observer.ts'
import { OriginalDestinations } from './original-destinations.ts'
import { OutlierShell } from './outlier-shell.ts'
import { ReconnectProbes } from './reconnect-probes.ts'
import { RetryLimit } from './retry-limit.ts'
import type {
  AnswerLearner,
  BreakerVerdict,
  ClusterRuntime,
  EndpointState,
  LimitUsage,
  Outcome,
  PickContext,
} from './types.ts'

/** One upstream cluster: ties its endpoints, limits, outlier detection and breaker together. */
export class ClusterState implements ClusterRuntime {
  readonly #deps: ClusterDeps
  readonly #endpoints: EndpointSet
  readonly #requests: ConcurrencyLimit
  readonly #retries: RetryLimit
  readonly #outliers: OutlierShell
  readonly #probes: ReconnectProbes
  #config: Cluster
  #breaker: ErrorRateBreakerRuntime | undefined
  #hashRequest: RequestHasher | undefined
  #learner: AnswerLearner | undefined
  #checks: ActiveChecks | undefined
  #named: OriginalDestinations | undefined
  #onIdle: (() => void) | undefined
  #held = 0

  constructor(config: Cluster, deps: ClusterDeps) {
    this.#deps = deps
    this.#config = config
    this.#endpoints = new EndpointSet(config, deps)
    this.#requests = new ConcurrencyLimit(config.circuitBreakers.maxRequests)
    this.#retries = new RetryLimit(config.circuitBreakers)
    this.#outliers = new OutlierShell({
      ...deps,
      cluster: config.name,
      hosts: () => this.#endpoints.size,
      onChange: () => this.#endpoints.changed(),
    })
    this.#probes = new ReconnectProbes({
      ...deps,
      connectTimeoutMs: () => this.#config.connectTimeoutMs,
      onConnected: (state) => this.#setRefused(state, false),
    })
  }

  get name(): string {
    return this.#config.name
  }

  get config(): Cluster {
    return this.#config
  }

  get endpointCount(): number {
    // No other host can stand in for the one that a caller named.
    return this.#named === undefined ? this.#endpoints.size : Math.min(1, this.#endpoints.size)
  }

  get goesWhereNamed(): boolean {
    return this.#named !== undefined
  }

  get breakerState(): BreakerState {
    return this.#breaker?.state ?? 'closed'
  }

  get hashRequest(): RequestHasher | undefined {
    return this.#hashRequest
  }

  get learner(): AnswerLearner | undefined {
    return this.#learner
  }

  limits(): Readonly<Record<OverflowKind, LimitUsage>> {
    const { maxConnections, maxPendingRequests } = this.#config.circuitBreakers
    const { connections, pending } = this.#deps.transport.usage?.(this) ?? { connections: 0, pending: 0 }
    return {
      connections: { current: connections, max: maxConnections },
      pending: { current: pending, max: maxPendingRequests },
      requests: this.#requests.usage,
      retries: this.#retries.usage(this.#requests.usage.current),
    }
  }

  /** The endpoints of this process' own service have changed. */
  callersChanged(): void {
    if (this.#endpoints.zoneAware) this.#endpoints.changed()
  }

  endpoints(): Iterable<EndpointState> {
    return this.#endpoints.records()
  }

  /** Takes a new policy and a new assignment. */
  replace(config: Cluster, endpoints: ReadonlyMap<string, Endpoint>): void {
    this.#config = config
    this.#requests.use(config.circuitBreakers.maxRequests)
    this.#retries.use(config.circuitBreakers)
    this.#useDiscovery(config)
    this.#replaceEndpoints(this.#named?.endpoints ?? endpoints)
    this.#usePolicy(config)
    this.#useChecks(config)
    this.#outliers.use(config.outlierDetection)
    this.#useBreaker(config.errorRateBreaker)
  }

  doubt(ids: readonly string[]): void {
    for (const id of ids) {
      const record = this.#endpoints.byId(id)
      if (record !== undefined) this.#setRefused(record, true)
    }
  }

  /** No policy names it any more. Calls under way keep their endpoints, for they may still be sent again; then it closes. */
  leave(onClosed: () => void): void {
    this.#onIdle = () => {
      this.close()
      onClosed()
    }
    this.#closeIfIdle()
  }

  /** A policy names it again before it has closed. */
  stay(): void {
    this.#onIdle = undefined
  }

  /** Releases every endpoint and ends all timers; nothing can be picked afterwards. */
  close(): void {
    this.#onIdle = undefined
    const {
      errorRateBreaker: _breaker,
      outlierDetection: _outliers,
      healthChecks: _checks,
      discoveryType: _discovery,
      ...config
    } = this.#config
    this.replace(config, new Map())
    this.#outliers.close()
    this.#probes.close()
  }

  pick(context: PickContext): EndpointState | undefined {
    if (this.#checks !== undefined) this.#checks.touch()
    return this.#named === undefined ? this.#endpoints.pick(context) : this.#named.pick(context.destination)
  }

  tryAcquireRequest(): boolean {
    if (this.#requests.tryAcquire()) {
      if (this.#retries.countsRequests) this.#retries.requested(this.#deps.clock.now())
      return true
    }
    this.#deps.recorder.overflow(this.name, 'requests')
    return false
  }

  releaseRequest(): void {
    this.#requests.release()
    if (this.#onIdle !== undefined) this.#closeIfIdle()
  }

  hold(): void {
    this.#held++
  }

  unhold(): void {
    this.#held--
    if (this.#onIdle !== undefined) this.#closeIfIdle()
  }

  tryAcquireRetry(): boolean {
    if (this.#retries.tryAcquire(this.#requests.usage.current, this.#deps.clock.now())) return true
    this.#deps.recorder.overflow(this.name, 'retries')
    return false
  }

  releaseRetry(): void {
    this.#retries.release()
  }

  breakerAdmits(now: number): BreakerVerdict {
    return this.#breaker?.admit(now) ?? 'pass'
  }

  attemptStarted(state: EndpointState): void {
    state.active++
  }

  attemptEnded(state: EndpointState, outcome: Outcome, now: number): void {
    state.active--
    const record = this.#endpoints.recordOf(state)
    if (record === undefined) return
    if (outcome.kind === 'connectFailure' && outcome.refused) this.#setRefused(record, true)
    this.#outliers.learn(record, outcome, now)
  }

  callEnded(outcome: Outcome, verdict: BreakerVerdict, now: number): void {
    this.#breaker?.ended(outcome, verdict, now)
  }

  #closeIfIdle(): void {
    if (this.#held === 0 && this.#requests.usage.current === 0) this.#onIdle?.()
  }

  #setRefused(state: EndpointState, refused: boolean): void {
    if (state.refused !== refused) {
      state.refused = refused
      this.#endpoints.changed()
    }
    if (refused) this.#probes.watch(state)
  }

  #replaceEndpoints(endpoints: ReadonlyMap<string, Endpoint>): void {
    for (const gone of this.#endpoints.replace(endpoints, this.#config)) {
      this.#outliers.forget(gone)
      this.#probes.forget(gone)
      this.#deps.transport.release(gone)
    }
  }

  #useDiscovery({ discoveryType, upstreamPortOverride }: Cluster): void {
    if (discoveryType !== 'ORIGINAL_DST') {
      this.#named?.close()
      this.#named = undefined
      return
    }
    this.#named ??= new OriginalDestinations({
      ...this.#deps,
      byId: (id) => this.#endpoints.byId(id),
      replace: (endpoints) => this.#replaceEndpoints(endpoints),
    })
    this.#named.use(upstreamPortOverride)
  }

  #usePolicy(config: Cluster): void {
    const { hashPolicy = [] } = config
    const hashes = picksByHash(config) && hashPolicy.length > 0
    this.#hashRequest = hashes ? compileRequestHash(hashPolicy, this.#deps.random) : undefined
    this.#learner = learnerFor(config, this.#deps)
  }

  #useChecks(config: Cluster): void {
    if (config.healthChecks === undefined || config.healthChecks.length === 0) {
      this.#checks?.close()
      this.#checks = undefined
      return
    }
    const endpoints = (): Iterable<EndpointState> => this.#endpoints.records()
    this.#checks ??= new ActiveChecks(config, { ...this.#deps, endpoints, onChange: () => this.#endpoints.changed() })
    this.#checks.replace(config)
  }

  #useBreaker(policy: ErrorRateBreaker | undefined): void {
    const onState = (state: BreakerState): void => this.#deps.recorder.breaker(this.name, state)
    this.#breaker = breakerFor(policy, onState, this.#deps.clock.now(), this.#breaker)
  }
}

/** What the policy of a cluster has to know of answers. */
function learnerFor(config: Cluster, { clock }: ClusterDeps): AnswerLearner | undefined {
  switch (config.lbPolicy) {
    case 'PEAK_EWMA':
      return new LatencyObserver(config.peakEwma ?? DEFAULT_PEAK_EWMA, clock)
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN':
      return new LoadObserver(config.clientSideWeightedRoundRobin ?? DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN)
    default:
      return undefined
  }
}
