import type { HealthCheck, OutlierDetection } from './health.ts'
import type {
  ClientSideWeightedRoundRobinConfig,
  HashPolicy,
  LeastRequestConfig,
  LocalityLbSetting,
  MaglevConfig,
  PeakEwmaConfig,
  RingHashConfig,
  SlowStartConfig,
  SubsetFallback,
} from './load-balancing.ts'
import type { ResourceHeader } from './resource-header.ts'

/**
 * How an endpoint is chosen. xDS: `Cluster.lb_policy`.
 * LEAST_REQUEST is the power of two choices; PEAK_EWMA, which xDS does not have, weighs the latency that each endpoint shows;
 * CLIENT_SIDE_WEIGHTED_ROUND_ROBIN, in xDS an extension and no `lb_policy`, the load that each endpoint reports.
 */
export type LbPolicy =
  | 'ROUND_ROBIN'
  | 'LEAST_REQUEST'
  | 'RANDOM'
  | 'RING_HASH'
  | 'MAGLEV'
  | 'PEAK_EWMA'
  | 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN'

/**
 * Where the addresses of a cluster come from. xDS: `Cluster.type`; absent stands for EDS.
 * - `STRICT_DNS`: each endpoint of the assignment may be a host name; every address that it resolves to is an endpoint.
 * - `LOGICAL_DNS`: as above, but a new connection goes to whatever address the name gives at that moment.
 * - `ORIGINAL_DST`: there is no assignment; the call goes to the host that the caller named.
 */
export type DiscoveryType = 'STRICT_DNS' | 'LOGICAL_DNS' | 'ORIGINAL_DST'

/**
 * Limits of one client towards one cluster. xDS: `envoy.config.cluster.v3.CircuitBreakers.Thresholds`.
 * A request over a limit is answered 503 with flag UO at once.
 */
export interface CircuitBreakers {
  readonly maxConnections: number
  /** Requests that wait for a connection. */
  readonly maxPendingRequests: number
  /** Requests under way. */
  readonly maxRequests: number
  /** Retries under way. Not looked at where there is a `retryBudget`. */
  readonly maxRetries: number
  readonly retryBudget?: RetryBudget
}

/**
 * Retries in proportion to the requests. Without `intervalMs`: those under way at once, as Envoy counts
 * (`CircuitBreakers.Thresholds.RetryBudget`). With it: retries that start within the interval, as in Gateway API's
 * `XBackendTrafficPolicy` (GEP-3388).
 */
export interface RetryBudget {
  /** Share of the requests that may be retries, 0 to 100. */
  readonly budgetPercent: number
  /** Retries that are always allowed: under way at once, or with `intervalMs` per second, which may be a fraction. */
  readonly minRetryConcurrency: number
  readonly intervalMs?: number
}

/** Mutual TLS with the identities of the mesh. */
export interface MeshTls {
  /** What the server is asked for, e.g. `outbound_.80_._.reviews.default.svc.cluster.local`. */
  readonly sni: string
  /**
   * The server's identity has to be one of these (URIs or names). Absent: that of the workload behind the endpoint, in the
   * mesh's trust domain or an alias of it.
   */
  readonly subjectAltNames?: readonly string[]
}

/** TLS that this client starts towards the endpoints. xDS: `transport_socket` with `UpstreamTlsContext`. */
export interface ClientTls {
  /** `ISTIO_MUTUAL`: with the identities of the mesh, towards every endpoint; of the rest only `sni` and names count. */
  readonly mode: 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
  /** Absent: the authority of the request. */
  readonly sni?: string
  /** The certificate has to name one of these; absent: the sni. */
  readonly subjectAltNames?: readonly string[]
  /** Paths on the client's machine; absent: the platform's authorities. */
  readonly caCertificates?: string
  readonly clientCertificate?: string
  readonly privateKey?: string
  /** Path of a list of certificates that their authority has taken back. */
  readonly caCrl?: string
  /** Accept any certificate. Default false. */
  readonly insecureSkipVerify?: boolean
}

/** What answers instead of the cluster while its error-rate breaker is open. */
export type BreakerFallback =
  | {
      readonly response: {
        readonly status: number
        readonly headers: Readonly<Record<string, string>>
        readonly body: string
      }
    }
  | { readonly cluster: string }

/** A breaker that opens on the share of failed requests. No xDS twin; from the kind `CircuitBreaker`. */
export interface ErrorRateBreaker {
  /** Opens at this share of failures in the window, 1 to 100. */
  readonly errorThresholdPercentage: number
  /** Does not open below this number of requests in the window. */
  readonly requestVolumeThreshold: number
  readonly rollingWindowMs: number
  /** How long it stays open before one trial request is let through. */
  readonly openDurationMs: number
  /** Absent: 503 with flag UO and code `WEFT_CIRCUIT_OPEN`. */
  readonly fallback?: BreakerFallback
}

/** The service that a cluster stands for, for telemetry. xDS: `Cluster.metadata`, filter `istio`, `services`. */
export interface ServiceRef {
  /** Fully qualified host. */
  readonly host: string
  readonly name: string
  readonly namespace: string
}

/** A group of endpoints that are balanced together. xDS: `envoy.config.cluster.v3.Cluster`. */
export interface Cluster extends ResourceHeader<'Cluster'> {
  readonly service: ServiceRef
  /** DestinationRule subset; empty for the whole service. */
  readonly subset: string
  /**
   * Labels that a workload must have to be in the subset, so that a client which has to find endpoints by itself takes the
   * right ones; absent: not told, and with an empty `subset` every workload. xDS: what `lb_subset_config.subset_selectors`
   * holds against the endpoints' `envoy.lb` metadata.
   */
  readonly subsetLabels?: Readonly<Record<string, string>>
  /** The service's port. */
  readonly port: number
  /** Application protocol of the port. xDS: `HttpProtocolOptions`. */
  readonly protocol: 'http' | 'http2' | 'grpc' | 'tcp'
  /** Name of the ClusterLoadAssignment. xDS: `eds_cluster_config.service_name`. */
  readonly edsServiceName: string
  /** Absent: the endpoints are those of the assignment, as they are. */
  readonly discoveryType?: DiscoveryType
  /** How often names are resolved again. xDS: `dns_refresh_rate`. Absent: `DEFAULT_DNS_REFRESH_RATE_MS`. */
  readonly dnsRefreshRateMs?: number
  /** For ORIGINAL_DST: the port that is connected to. xDS: `OriginalDstLbConfig.upstream_port_override`. Absent: the one called. */
  readonly upstreamPortOverride?: number
  readonly lbPolicy: LbPolicy
  /** For LEAST_REQUEST. */
  readonly leastRequest?: LeastRequestConfig
  /** For RING_HASH. */
  readonly ringHash?: RingHashConfig
  /** For MAGLEV. */
  readonly maglev?: MaglevConfig
  /** For PEAK_EWMA. */
  readonly peakEwma?: PeakEwmaConfig
  /** For CLIENT_SIDE_WEIGHTED_ROUND_ROBIN. */
  readonly clientSideWeightedRoundRobin?: ClientSideWeightedRoundRobinConfig
  /**
   * What a request is hashed by, for RING_HASH and MAGLEV, in order. xDS holds it on the route (`RouteAction.hash_policy`);
   * here it stands where the DestinationRule puts it, so that each destination of a split has its own.
   */
  readonly hashPolicy?: readonly HashPolicy[]
  /** Bounded load, in percent of the mean, above 100. xDS: `consistent_hashing_lb_config.hash_balance_factor`. */
  readonly hashBalanceFactor?: number
  /** For ROUND_ROBIN and LEAST_REQUEST: new endpoints get their share by and by. */
  readonly slowStart?: SlowStartConfig
  /** Which localities are preferred. The client, which knows its own, makes priorities and weights of it. */
  readonly localityLb?: LocalityLbSetting
  /**
   * Only endpoints of the client's own node are used: those that have its label `kubernetes.io/hostname`. Without effect in a
   * client that has none. No xDS twin: Istio leaves the others out of the assignment. Default false.
   */
  readonly nodeLocal?: boolean
  /** Below this share of healthy endpoints all are used. xDS: `healthy_panic_threshold`. Absent or 0: never. */
  readonly healthyPanicThresholdPercent?: number
  /** xDS: `ClusterLoadAssignment.Policy.overprovisioning_factor`. Absent: `DEFAULT_OVERPROVISIONING_FACTOR`. */
  readonly overprovisioningFactor?: number
  /**
   * What is used while the subset has no endpoint. With it the assignment has all endpoints of the service, and the client
   * tells those of the subset by `subsetLabels`. Absent: nothing is used.
   */
  readonly subsetFallback?: SubsetFallback
  /** Absent: endpoints are what discovery says of them. */
  readonly healthChecks?: readonly HealthCheck[]
  readonly connectTimeoutMs: number
  readonly circuitBreakers: CircuitBreakers
  /** Absent: no outlier detection. */
  readonly outlierDetection?: OutlierDetection
  /** Requests on one connection before it is closed; 0: no limit. xDS: `max_requests_per_connection`. */
  readonly maxRequestsPerConnection: number
  /**
   * How long an unused connection is kept, with protocol `tcp` one on which no byte moves; 0: for ever.
   * xDS: `common_http_protocol_options.idle_timeout`, `TcpProxy.idle_timeout`.
   */
  readonly idleTimeoutMs: number
  /** How long a connection may live. xDS: `max_connection_duration`. Absent: for ever. */
  readonly maxConnectionDurationMs?: number
  /** xDS: `upstream_connection_options.tcp_keepalive`. Absent: the platform's. */
  readonly tcpKeepalive?: { readonly timeMs?: number; readonly intervalMs?: number; readonly probes?: number }
  /** For http2 and grpc. xDS: `http2_protocol_options`. */
  readonly http2ProtocolOptions?: {
    /** Absent: as many as the server allows. */
    readonly maxConcurrentStreams?: number
    readonly connectionKeepalive?: { readonly intervalMs: number; readonly timeoutMs: number }
  }
  /** Absent: by the scheme of the request. */
  readonly tls?: ClientTls
  /**
   * Towards endpoints with `tlsMode: istio`: mutual TLS with this process' own identity, where it has one. Not beside
   * {@link tls}. Absent: plaintext. xDS: `transport_socket_matches`, Istio's auto mTLS.
   */
  readonly autoMtls?: MeshTls
  readonly errorRateBreaker?: ErrorRateBreaker
}
