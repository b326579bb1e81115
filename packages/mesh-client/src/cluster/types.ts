import type { Cluster, Endpoint, HealthCheck } from '@weft/mesh-protocol'
import type { RequestHasher } from '../balancing/request-hash.ts'
import type { Hash64 } from '../kernel/hash64.ts'
import type { PeakEwma } from '../kernel/peak-ewma.ts'
import type { BreakerState, HealthCheckOutcome, OverflowKind } from '../kernel/recorder.ts'
import type { ReportedLoad } from '../kernel/reported-load.ts'

/**
 * What is known of one endpoint of one cluster while the process runs: the one mutable record of the data plane. It is
 * keyed by (cluster, endpoint id) and survives every new assignment that still names the endpoint.
 */
export interface EndpointState {
  /** As the newest assignment describes it. */
  endpoint: Endpoint
  /** Requests under way. */
  active: number
  /** Its connections are refused: not to be picked until a background connect succeeds. */
  refused: boolean
  /** By outlier detection. */
  ejected: boolean
  /** By active health checks. */
  unhealthy: boolean
  /** Gone from the assignment; finishes what it has. */
  draining: boolean
  /** When it was added, or became healthy again; slow start counts from here. */
  warmSince: number
  /** How long it takes to answer; measured for PEAK_EWMA only. */
  latency: PeakEwma | undefined
  /** The weight that its reports give it; read for CLIENT_SIDE_WEIGHTED_ROUND_ROBIN only. */
  reportedLoad: ReportedLoad | undefined
  /** Set and read by the transport only: its connection pool for this endpoint. */
  transport: unknown
}

/** What the choice of an endpoint depends on. */
export interface PickContext {
  /** Endpoints this call has tried, to be avoided while another is left. */
  readonly tried: readonly EndpointState[]
  /** Whether {@link tried} is to be avoided at all. */
  readonly avoidTried: boolean
  /**
   * After every so many attempts the priorities of {@link tried} are left out; absent: priorities are chosen as for a first
   * attempt. `RetryPolicy.previousPrioritiesUpdateFrequency`.
   */
  readonly previousPrioritiesUpdateFrequency?: number | undefined
  /** Of the request, where the cluster picks by one. */
  readonly hash?: Hash64 | undefined
  /** Where the caller wants to go, for a cluster that goes there. */
  readonly destination?: NamedDestination | undefined
}

/** A host and a port as a caller named them. */
export interface NamedDestination {
  readonly hostname: string
  readonly port: number
}

/**
 * How one attempt ended, classified once and given to everything that learns from it.
 * `localOverflow` and `aborted` teach nothing about the endpoint.
 */
export type Outcome =
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'connectFailure'; readonly refused: boolean }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'localOverflow' }

/** Answer of the error-rate breaker to "may this call go?". */
export type BreakerVerdict = 'pass' | 'trial' | 'open'

/** The parts of a response head that say how an endpoint is. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Learns for balancing from what endpoints answer. Told once of each attempt: at its final response head, or at its end
 * where none came; and of the trailers of an answer that was read to its end.
 */
export interface AnswerLearner {
  answered(state: EndpointState, startedAt: number, now: number, status: number, headers: AnswerHeaders): void
  trailed(state: EndpointState, now: number, trailers: AnswerHeaders): void
  ended(state: EndpointState, startedAt: number, now: number, outcome: Outcome): void
}

/** One limit of a cluster, with what is under way against it. */
export interface LimitUsage {
  readonly current: number
  /** `UNLIMITED` for none. */
  readonly max: number
}

/** One upstream cluster at run time. Implemented in `cluster-runtime.ts`. */
export interface ClusterRuntime {
  readonly name: string
  /** Replaced whole when policy changes. */
  readonly config: Cluster
  readonly endpointCount: number
  /** Those of the newest assignment, for status and telemetry. */
  endpoints(): Iterable<EndpointState>
  /** `undefined`: no endpoint can be used (UH). */
  pick(context: PickContext): EndpointState | undefined
  /** Makes the hash that a pick is given; `undefined`: this cluster does not pick by one. */
  readonly hashRequest: RequestHasher | undefined
  /** Calls go where their callers say: a pick is given that (`ORIGINAL_DST`). */
  readonly goesWhereNamed: boolean
  /** `undefined`: how this cluster picks does not depend on what is answered. */
  readonly learner: AnswerLearner | undefined

  /** Request limit: takes a place, or says no (UO, told to the recorder). Every true is followed by one releaseRequest. */
  tryAcquireRequest(): boolean
  releaseRequest(): void
  /** A call will come later: the endpoints stay until then. Followed by one unhold. */
  hold(): void
  unhold(): void
  /** Retry limit, as above. */
  tryAcquireRetry(): boolean
  releaseRetry(): void

  /** Before anything else of a call is done; `trial` marks the one request of a half-open breaker. */
  breakerAdmits(now: number): BreakerVerdict
  readonly breakerState: BreakerState
  /** Its limits at this moment, for status and telemetry. */
  limits(): Readonly<Record<OverflowKind, LimitUsage>>

  /** An attempt on this endpoint starts: counts it active. */
  attemptStarted(state: EndpointState): void
  /** It ended: counts down and teaches outlier detection; called once for each start. */
  attemptEnded(state: EndpointState, outcome: Outcome, now: number): void
  /** The whole call ended; teaches the error-rate breaker. `verdict` is what breakerAdmits gave. */
  callEnded(outcome: Outcome, verdict: BreakerVerdict, now: number): void
}

/** What the cluster folder needs from a transport. Injected, so that no socket is opened below `http/`. */
export interface Transport {
  /** Tries to connect in the background; used to find out whether a refused endpoint is back. */
  probe(state: EndpointState, timeoutMs: number): Promise<boolean>
  /** The endpoint left the cluster, or its cluster is gone: let running requests finish, then close the connections. */
  release(state: EndpointState): void
  /** Asks an endpoint whether it is well. Never rejects. Absent: endpoints are not asked. */
  check?(state: EndpointState, check: HealthCheck, cluster: Cluster): Promise<HealthCheckOutcome>
  /** Connections in use and requests that wait for one. Absent: not known. */
  usage?(cluster: ClusterRuntime): { readonly connections: number; readonly pending: number }
}

/** All clusters at run time. Implemented in `cluster-manager.ts`. */
export interface ClusterManager {
  get(name: string): ClusterRuntime | undefined
  all(): Iterable<ClusterRuntime>
  /** Sets a cluster and its endpoints, keeping the state of endpoints that stay. */
  upsert(config: Cluster, endpoints: ReadonlyMap<string, Endpoint>): void
  /** Leaves endpoints of a cluster out, while another can be used, until a connection to them has succeeded. */
  doubt(name: string, ids: readonly string[]): void
  /** No call is led there any more; those under way keep their endpoints until they end. */
  remove(name: string): void
  /** Stops probes and sweeps and releases every endpoint. */
  close(): void
}
