/** The policies that a LoadBalancer may ask for. */
export type LoadBalancerPolicy = 'PEAK_EWMA' | 'LEAST_REQUEST' | 'ROUND_ROBIN' | 'RANDOM' | 'RING_HASH' | 'MAGLEV'

/** What `peakEwma` sets. */
export interface PeakEwmaSpec {
  /** Duration over which a round trip is forgotten. */
  readonly decayTime?: string
  /** Duration that stands for an endpoint which has not been measured. */
  readonly defaultRtt?: string
  /** Duration that a failure counts as, so that failing fast attracts nothing. */
  readonly failurePenalty?: string
}

export interface LeastRequestSpec {
  /** Endpoints that are drawn to be compared, 2 to 100 (Envoy `choice_count`). */
  readonly choiceCount?: number
  /** 0 or more (Envoy `active_request_bias`). */
  readonly activeRequestBias?: number
}

/** What happens where a route's subset has no endpoint (Envoy `lb_subset_config.fallback_policy`). */
export type SubsetFallbackSpec =
  | 'NO_FALLBACK'
  | 'ANY_ENDPOINT'
  | { readonly defaultSubset: { readonly labels: Readonly<Record<string, string>> } }

/** What outlier detection knows in Envoy and Istio has no field for. Absent parts are off. */
export interface OutlierExtrasSpec {
  readonly successRate?: {
    readonly minimumHosts?: number
    readonly requestVolume?: number
    /** In thousandths of a standard deviation. */
    readonly stdevFactor?: number
    readonly enforcingPercent?: number
  }
  readonly failurePercentage?: {
    /** Percent. */
    readonly threshold?: number
    readonly minimumHosts?: number
    readonly requestVolume?: number
    readonly enforcingPercent?: number
  }
  /** Duration. */
  readonly maxEjectionTime?: string
  /** Duration. */
  readonly maxEjectionTimeJitter?: string
  readonly alwaysEjectOneHost?: boolean
}

/** An active check of every endpoint, by exactly one of `http`, `tcp` and `grpc`. */
export interface HealthCheckSpec {
  /** Duration between checks of one endpoint. */
  readonly interval: string
  /** Duration that one check may take. */
  readonly timeout: string
  /** Failures in a row that make an endpoint unhealthy, 1 or more. */
  readonly unhealthyThreshold?: number
  /** Successes in a row that make it healthy again, 1 or more. */
  readonly healthyThreshold?: number
  /** Absent: the port that is called. */
  readonly port?: number
  readonly http?: {
    readonly path: string
    readonly host?: string
    /** Ranges `[start, end)` as Envoy has them. Absent: 200 alone. */
    readonly expectedStatuses?: readonly { readonly start: number; readonly end: number }[]
    /** Default GET. */
    readonly method?: string
  }
  readonly tcp?: Readonly<Record<string, never>>
  readonly grpc?: { readonly service?: string }
}

/**
 * `mesh.weft.dev/v1` LoadBalancer: what balancing and health can do and a DestinationRule has no field for. It adds to
 * the DestinationRule of the same host; where both say a policy, this one holds.
 */
export interface LoadBalancerSpec {
  /** As the host of a DestinationRule: a short name is a service of the resource's namespace. */
  readonly host: string
  /** Absent: the whole host and each of its subsets that has no LoadBalancer of its own. */
  readonly subset?: string
  readonly exportTo?: readonly string[]
  readonly policy?: LoadBalancerPolicy
  readonly peakEwma?: PeakEwmaSpec
  readonly leastRequest?: LeastRequestSpec
  /** Percent of the mean load that an endpoint may have before hashing passes it over, 100 or more (Envoy). */
  readonly hashBalanceFactor?: number
  /** Percent of healthy endpoints below which all are used, 0 to 100; 0 turns it off. */
  readonly panicThreshold?: number
  /** Percent; a priority counts as healthy as long as its share of healthy endpoints times this is 100 or more. */
  readonly overprovisioningFactor?: number
  readonly subsetFallback?: SubsetFallbackSpec
  readonly outlierDetection?: OutlierExtrasSpec
  readonly healthChecks?: readonly HealthCheckSpec[]
}
