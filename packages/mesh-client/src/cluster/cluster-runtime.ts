import type { Cluster, Endpoint, ErrorRateBreaker } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Random } from '../kernel/random.ts'
import type { BreakerState, Recorder } from '../kernel/recorder.ts'
import type { SlicedWork } from '../kernel/sliced-work.ts'
import type { Timers } from '../kernel/timers.ts'
import { ConcurrencyLimit } from './concurrency-limit.ts'
import { EndpointSet } from './endpoint-set.ts'
import { ErrorRateBreakerRuntime } from './error-rate-breaker.ts'
import { OutlierShell } from './outlier-shell.ts'
import { ReconnectProbes } from './reconnect-probes.ts'
import type { BreakerVerdict, ClusterRuntime, EndpointState, Outcome, PickContext, Transport } from './types.ts'

export interface ClusterDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly transport: Transport
  /** Where large tables are built a slice at a time; shared by all clusters. */
  readonly work: SlicedWork
}

/** One upstream cluster: ties its endpoints, limits, outlier detection and breaker together. */
export class ClusterState implements ClusterRuntime {
  readonly #deps: ClusterDeps
  readonly #endpoints: EndpointSet
  readonly #requests: ConcurrencyLimit
  readonly #retries: ConcurrencyLimit
  readonly #outliers: OutlierShell
  readonly #probes: ReconnectProbes
  #config: Cluster
  #breaker: ErrorRateBreakerRuntime | undefined

  constructor(config: Cluster, deps: ClusterDeps) {
    this.#deps = deps
    this.#config = config
    this.#endpoints = new EndpointSet(config, deps)
    this.#requests = new ConcurrencyLimit(config.circuitBreakers.maxRequests)
    this.#retries = new ConcurrencyLimit(config.circuitBreakers.maxRetries)
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
    return this.#endpoints.size
  }

  get breakerState(): BreakerState {
    return this.#breaker?.state ?? 'closed'
  }

  endpoints(): Iterable<EndpointState> {
    return this.#endpoints.records()
  }

  /** Takes a new policy and a new assignment. */
  replace(config: Cluster, endpoints: ReadonlyMap<string, Endpoint>): void {
    this.#config = config
    this.#requests.use(config.circuitBreakers.maxRequests)
    this.#retries.use(config.circuitBreakers.maxRetries)
    for (const gone of this.#endpoints.replace(endpoints, config)) {
      this.#outliers.forget(gone)
      this.#probes.forget(gone)
      this.#deps.transport.release(gone)
    }
    this.#outliers.use(config.outlierDetection)
    this.#useBreaker(config.errorRateBreaker)
  }

  doubt(ids: readonly string[]): void {
    for (const id of ids) {
      const record = this.#endpoints.byId(id)
      if (record !== undefined) this.#setRefused(record, true)
    }
  }

  /** Releases every endpoint and ends all timers; nothing can be picked afterwards. */
  close(): void {
    const { errorRateBreaker: _breaker, outlierDetection: _outliers, ...config } = this.#config
    this.replace(config, new Map())
    this.#outliers.close()
    this.#probes.close()
  }

  pick(context: PickContext): EndpointState | undefined {
    return this.#endpoints.pick(context)
  }

  tryAcquireRequest(): boolean {
    if (this.#requests.tryAcquire()) return true
    this.#deps.recorder.overflow(this.name, 'requests')
    return false
  }

  releaseRequest(): void {
    this.#requests.release()
  }

  tryAcquireRetry(): boolean {
    if (this.#retries.tryAcquire()) return true
    this.#deps.recorder.overflow(this.name, 'retries')
    return false
  }

  releaseRetry(): void {
    this.#retries.release()
  }

  breakerAdmits(now: number): BreakerVerdict {
    return this.#breaker?.admit(now) ?? 'pass'
  }

  attemptStarted(state: EndpointState, _now: number): void {
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

  #setRefused(state: EndpointState, refused: boolean): void {
    if (state.refused !== refused) {
      state.refused = refused
      this.#endpoints.changed()
    }
    if (refused) this.#probes.watch(state)
  }

  #useBreaker(policy: ErrorRateBreaker | undefined): void {
    const before = this.#breaker
    if (policy === undefined) {
      if (before !== undefined && before.state !== 'closed') this.#deps.recorder.breaker(this.name, 'closed')
      before?.close(this.#deps.clock.now())
      this.#breaker = undefined
    } else if (before === undefined || JSON.stringify(before.policy) !== JSON.stringify(policy)) {
      const onState = (state: BreakerState): void => this.#deps.recorder.breaker(this.name, state)
      this.#breaker = new ErrorRateBreakerRuntime(policy, onState, this.#deps.clock.now(), before)
    }
  }
}
