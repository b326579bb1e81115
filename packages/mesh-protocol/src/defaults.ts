import type { CircuitBreakers, ErrorRateBreaker, LbPolicy, RetryBudget } from './wire/cluster.ts'
import type { FailurePercentageDetection, HealthCheck, OutlierDetection, SuccessRateDetection } from './wire/health.ts'
import type { ReadinessProbe } from './wire/inbound-policy.ts'
import type {
  ClientSideWeightedRoundRobinConfig,
  LeastRequestConfig,
  LocalityLbSetting,
  MaglevConfig,
  PeakEwmaConfig,
  RingHashConfig,
  SlowStartConfig,
} from './wire/load-balancing.ts'
import type { RetryPolicy } from './wire/route.ts'

/*
 * Every default that a policy falls back to, each once and with its source. Code elsewhere refers to these and never
 * repeats a number.
 */

/** DNS domain of the mesh. Istio `MeshConfig.trustDomain` and `--domain`. */
export const DEFAULT_DOMAIN = 'cluster.local'

/** Namespace of mesh-wide resources. Istio `MeshConfig.rootNamespace`. */
export const ROOT_NAMESPACE = 'istio-system'

/** "No limit" where xDS uses an unsigned 32-bit number. Istio `cluster_traffic_policy.go`, default thresholds. */
export const UNLIMITED: number = 2 ** 32 - 1

/** Istio `cluster_traffic_policy.go` `defaultLBAlgorithm`. */
export const DEFAULT_LB_POLICY: LbPolicy = 'LEAST_REQUEST'

/** Istio `MeshConfig.connectTimeout`. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

/** Envoy `HttpProtocolOptions.idle_timeout`: one hour. */
export const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000

/** Istio leaves every threshold at its maximum where `connectionPool` is silent. */
export const DEFAULT_CIRCUIT_BREAKERS: CircuitBreakers = {
  maxConnections: UNLIMITED,
  maxPendingRequests: UNLIMITED,
  maxRequests: UNLIMITED,
  maxRetries: UNLIMITED,
}

/**
 * What an empty `outlierDetection: {}` means: Envoy `outlier_detection.proto`, with Istio's gateway errors off
 * (`cluster_traffic_policy.go` `applyOutlierDetection`).
 */
export const DEFAULT_OUTLIER_DETECTION: OutlierDetection = {
  consecutive5xx: 5,
  consecutiveGatewayFailure: 0,
  consecutiveLocalOriginFailure: 5,
  splitExternalLocalOriginErrors: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 10,
}

/** Envoy `outlier_detection.proto`, the `success_rate_*` fields. */
export const DEFAULT_SUCCESS_RATE_DETECTION: SuccessRateDetection = {
  minimumHosts: 5,
  requestVolume: 100,
  stdevFactor: 1900,
  enforcingPercent: 100,
}

/** Envoy `outlier_detection.proto`, the `failure_percentage_*` fields; enforced here, as who asks for it wants it. */
export const DEFAULT_FAILURE_PERCENTAGE_DETECTION: FailurePercentageDetection = {
  threshold: 85,
  minimumHosts: 5,
  requestVolume: 50,
  enforcingPercent: 100,
}

/** Numbers of an active health check that leaves them out. Kubernetes probes: period 10 s, timeout 1 s, 3 failures, 1 success. */
export const DEFAULT_HEALTH_CHECK: Omit<HealthCheck, 'check' | 'port'> = {
  intervalMs: 10_000,
  timeoutMs: 1_000,
  unhealthyThreshold: 3,
  healthyThreshold: 1,
}

/** Numbers of a readiness probe that leaves them out or says 0: Istio `ReadinessProbe`, as in Kubernetes. */
export const DEFAULT_READINESS_PROBE: Omit<ReadinessProbe, 'check'> = {
  initialDelayMs: 0,
  periodMs: 10_000,
  timeoutMs: 1_000,
  successThreshold: 1,
  failureThreshold: 3,
}

/** Envoy `LeastRequestLbConfig`. */
export const DEFAULT_LEAST_REQUEST: LeastRequestConfig = { choiceCount: 2, activeRequestBias: 1 }

/** Envoy `RingHashLbConfig`. */
export const DEFAULT_RING_HASH: RingHashConfig = {
  minimumRingSize: 1024,
  maximumRingSize: 8 * 1024 * 1024,
  hashFunction: 'XX_HASH',
}

/** Envoy `MaglevLbConfig`. */
export const DEFAULT_MAGLEV: MaglevConfig = { tableSize: 65_537 }

/** Linkerd 2.20 `load-biaser`: 1 s until measured, 10 s memory, 5 s for a failure. */
export const DEFAULT_PEAK_EWMA: PeakEwmaConfig = { decayTimeMs: 10_000, defaultRttMs: 1_000, failurePenaltyMs: 5_000 }

/** gRFC A58 and Envoy `ClientSideWeightedRoundRobin`. */
export const DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN: ClientSideWeightedRoundRobinConfig = {
  blackoutPeriodMs: 10_000,
  weightExpirationPeriodMs: 180_000,
  weightUpdatePeriodMs: 1_000,
  errorUtilizationPenalty: 1,
  metricNamesForComputingUtilization: [],
}

/** The least `weightUpdatePeriodMs`; a smaller one counts as this. gRFC A58. */
export const MIN_WEIGHT_UPDATE_PERIOD_MS = 100

/** Envoy `SlowStartConfig`; the window has no default. */
export const DEFAULT_SLOW_START: Omit<SlowStartConfig, 'windowMs'> = { aggression: 1, minWeightPercent: 10 }

/** Envoy `ZoneAwareLbConfig`. */
export const DEFAULT_ZONE_AWARE: NonNullable<LocalityLbSetting['zoneAware']> = {
  minClusterSize: 6,
  routingEnabledPercent: 100,
}

/** Envoy `ClusterLoadAssignment.Policy.overprovisioning_factor`. */
export const DEFAULT_OVERPROVISIONING_FACTOR = 140

/** Istio `MeshConfig.dnsRefreshRate`. */
export const DEFAULT_DNS_REFRESH_RATE_MS = 60_000

/** Envoy `RetryBudget` and Istio `TrafficPolicy.RetryBudget`. */
export const DEFAULT_RETRY_BUDGET: RetryBudget = { budgetPercent: 20, minRetryConcurrency: 3 }

/** Gateway API GEP-3388: 20 % over 10 s, and 10 retries a second always. */
export const DEFAULT_RETRY_BUDGET_PER_INTERVAL: Required<RetryBudget> = {
  budgetPercent: 20,
  minRetryConcurrency: 10,
  intervalMs: 10_000,
}

/** Longest pause that an upstream may ask for. Envoy `RateLimitedRetryBackOff.max_interval`. */
export const DEFAULT_RATE_LIMITED_RETRY_MAX_MS = 300_000

/** Envoy `route_components.proto` `RetryBackOff`: the cap is ten times the base where only the base is given. */
export const RETRY_BACK_OFF_CAP_FACTOR = 10

/** Istio `HTTPRetry.backoff`. */
export const DEFAULT_RETRY_BASE_INTERVAL_MS = 25

/** Re-picks while looking for an untried endpoint. Istio `route/retry/retry.go`: 5 (Envoy's own default is 1). */
export const HOST_SELECTION_RETRY_MAX_ATTEMPTS = 5

/** A route without `retries`. Istio `route/retry/retry.go` `DefaultPolicy`, without 503 since Istio 1.24. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  retryOn: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'],
  numRetries: 2,
  retriableStatusCodes: [],
  retryBackOff: {
    baseIntervalMs: DEFAULT_RETRY_BASE_INTERVAL_MS,
    maxIntervalMs: DEFAULT_RETRY_BASE_INTERVAL_MS * RETRY_BACK_OFF_CAP_FACTOR,
  },
  avoidPreviousHosts: true,
}

/** Retries that a caller asks for by header without saying how many. Envoy `RetryPolicyImpl`. */
export const DEFAULT_ASKED_RETRIES = 1

/** Istio `HTTPRedirect.redirectCode`. */
export const DEFAULT_REDIRECT_CODE = 301

/** Gateway API `HTTPRequestRedirectFilter.statusCode`. */
export const DEFAULT_GATEWAY_REDIRECT_CODE = 302

/** Gateway API `HTTPCORSFilter.maxAge`: 5 s. */
export const DEFAULT_CORS_MAX_AGE_MS = 5_000

/** A route without `timeout`: none. Istio `route.go` `setTimeout` (Envoy's own default is 15 s). */
export const DEFAULT_ROUTE_TIMEOUT_MS = 0

/** How long a copy of a request may take on a route without `timeout`. Envoy `RouteAction.timeout`. */
export const DEFAULT_MIRROR_TIMEOUT_MS = 15_000

/** Body bytes that are kept for a replay. Envoy `per_connection_buffer_limit_bytes`: 1 MiB; Linkerd: 64 KiB. */
export const DEFAULT_REPLAY_LIMIT_BYTES: number = 1024 * 1024

/** Where the kind `CircuitBreaker` is silent; the numbers are those of opossum 10. */
export const DEFAULT_ERROR_RATE_BREAKER: ErrorRateBreaker = {
  errorThresholdPercentage: 50,
  requestVolumeThreshold: 20,
  rollingWindowMs: 10_000,
  openDurationMs: 30_000,
}

/** Longest regex that a policy may hold, in characters. Istio `validation.go` `validateStringMatchRegexp`. */
export const MAX_REGEX_LENGTH = 1024

/**
 * Largest program that a regex may compile to, in RE2 instructions. RE2 takes time in proportion to the value, but also to
 * the program, and counted repetitions make a short pattern a long program: `(.{0,1000})` ninety times over would look
 * at a path of 8 KB for half a minute. Envoy has the same guard (`re2.max_program_size.error_level`).
 */
export const MAX_REGEX_PROGRAM = 2048

/** Time to live of a registration; renewed every third of it. */
export const WORKLOAD_TTL_MS = 15_000

/** A service without workloads stays a mesh host for this long (never a leak to DNS). */
export const KNOWN_SERVICE_RETENTION_MS: number = 24 * 3_600_000

/** How often a stream carries at least a heartbeat. */
export const HEARTBEAT_MS = 5_000

/** Largest number of endpoints in one event. */
export const ENDPOINTS_PER_PAGE = 500

/** Longest pause between two attempts to reach the control server; full jitter below it. */
export const RECONNECT_MAX_MS = 5_000

/** How long a call to a host waits for the first host index or for its routes. */
export const FIRST_POLICY_WAIT_MS = 1_000

/** What callers dial when nothing is said, so that `http://reviews/` works. */
export const DEFAULT_SERVICE_PORT = 80

/** Service account of a workload that names none, as in Kubernetes; one in a WorkloadGroup then takes it from there. */
export const DEFAULT_SERVICE_ACCOUNT = 'default'

/** Share of a workload that says nothing; one in a WorkloadGroup then takes it from there. Envoy `load_balancing_weight`. */
export const DEFAULT_WORKLOAD_WEIGHT = 1

/** Identities of the mesh. Istio `pkg/config/constants` `DefaultClusterLocalDomain`, `MeshConfig.trustDomain`. */
export const DEFAULT_TRUST_DOMAIN = 'cluster.local'

/** Lifetime of a workload's certificate: 24 h. Istio `DEFAULT_WORKLOAD_CERT_TTL`. */
export const DEFAULT_CERTIFICATE_TTL_MS: number = 24 * 3_600_000

/** A certificate is good from so long before it was made, for peers whose clocks are behind. Istio: 2 min; here 5. */
export const CERTIFICATE_BACKDATE_MS: number = 5 * 60_000

/** A workload that nothing is said of takes plaintext and mutual TLS. Istio `PeerAuthentication`. */
export const DEFAULT_MTLS_MODE = 'PERMISSIVE'

/** Istio `MeshConfig.pathNormalization`, `DEFAULT`. */
export const DEFAULT_PATH_NORMALIZATION = 'BASE'

/** How long a fetch of a JWKS may take. Istio `JWTRule.timeout`. */
export const DEFAULT_JWKS_TIMEOUT_MS = 5_000

/** How long an external authorization service may take. Istio `EnvoyExternalAuthorization*Provider.timeout`: 600 s in Istio's text, 200 ms in Envoy; here Envoy's. */
export const DEFAULT_EXT_AUTHZ_TIMEOUT_MS = 200

/** Status of a denial because an external authorization service could not be asked. Istio `statusOnError`. */
export const DEFAULT_EXT_AUTHZ_STATUS_ON_ERROR = 403

/** With identity, a request that comes before the first inbound policy waits this long, then 503. */
export const FIRST_INBOUND_POLICY_WAIT_MS = 5_000

/** Longest message that a gRPC client takes where its channel says nothing. gRPC `GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH`: 4 MiB. */
export const DEFAULT_GRPC_MAX_RECEIVE_BYTES: number = 4 * 1024 * 1024

/** How long a caller of a gRPC server may say nothing before it is pinged, and how long it may take to answer. gRPC itself never asks. */
export const GRPC_SERVER_KEEPALIVE = { timeMs: 60_000, timeoutMs: 20_000 } as const

/**
 * Pauses before a gRPC call that waits for its service to be there (wait-for-ready) looks again, where no policy comes before.
 * The time of gRPC's own connection back-off (1 s and more) is that of connections; these look at what is known.
 */
export const GRPC_WAIT_FOR_READY_BACK_OFF = { baseIntervalMs: 50, maxIntervalMs: 1_000, minIntervalMs: 10 } as const
