import type { ResourceHeader } from './resource-header.ts'

/**
 * How an endpoint is chosen. xDS: `Cluster.lb_policy`.
 * LEAST_REQUEST is the power of two choices.
 */
export type LbPolicy = 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM'

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
  /** Retries under way. */
  readonly maxRetries: number
}

/** When an endpoint is taken out of balancing for a while. xDS: `envoy.config.cluster.v3.OutlierDetection`. */
export interface OutlierDetection {
  /** 5xx in a row before ejection; 0 turns this detector off. */
  readonly consecutive5xx: number
  /** 502, 503 or 504 in a row; 0 turns this detector off. */
  readonly consecutiveGatewayFailure: number
  /** Connect failures, resets and timeouts in a row; only looked at when `splitExternalLocalOriginErrors`. */
  readonly consecutiveLocalOriginFailure: number
  /** Whether failures seen by the client itself are counted apart from those the upstream answered. */
  readonly splitExternalLocalOriginErrors: boolean
  /** Time between two sweeps, on which endpoints come back. */
  readonly intervalMs: number
  /** Ejection time of the first ejection; the n-th takes n times as long. */
  readonly baseEjectionTimeMs: number
  readonly maxEjectionTimeMs: number
  /** Largest share of the endpoints that may be ejected at once, 0 to 100. */
  readonly maxEjectionPercent: number
  /** Status codes that count as errors instead of the 5xx; absent: 500 to 599. */
  readonly httpErrorCodes?: readonly number[]
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
  readonly lbPolicy: LbPolicy
  readonly connectTimeoutMs: number
  readonly circuitBreakers: CircuitBreakers
  /** Absent: no outlier detection. */
  readonly outlierDetection?: OutlierDetection
  /** Requests on one connection before it is closed; 0: no limit. xDS: `max_requests_per_connection`. */
  readonly maxRequestsPerConnection: number
  /** How long an unused connection is kept; 0: for ever. xDS: `common_http_protocol_options.idle_timeout`. */
  readonly idleTimeoutMs: number
  readonly errorRateBreaker?: ErrorRateBreaker
}
