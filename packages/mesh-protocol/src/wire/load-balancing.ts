/*
 * The settings of balancing that a cluster may carry.
 */

/** xDS: `Cluster.LeastRequestLbConfig`. */
export interface LeastRequestConfig {
  /** How many endpoints are compared, 2 or more. */
  readonly choiceCount: number
  /** How much requests under way count where weights differ; 0: not at all. */
  readonly activeRequestBias: number
}

/** xDS: `Cluster.RingHashLbConfig`. */
export interface RingHashConfig {
  readonly minimumRingSize: number
  readonly maximumRingSize: number
  readonly hashFunction: 'XX_HASH' | 'MURMUR_HASH_2'
}

/** xDS: `Cluster.MaglevLbConfig`. */
export interface MaglevConfig {
  /** A prime number, up to 5,000,011. */
  readonly tableSize: number
}

/** Peak exponentially weighted moving average of the latency. No xDS twin; the numbers are those of Finagle and Linkerd. */
export interface PeakEwmaConfig {
  /** How long a peak is remembered. */
  readonly decayTimeMs: number
  /** What an endpoint is taken for until it has answered. */
  readonly defaultRttMs: number
  /** What a failed request counts as, at least. */
  readonly failurePenaltyMs: number
}

/**
 * Weights by the load that endpoints report (ORCA). xDS:
 * `envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin`.
 */
export interface ClientSideWeightedRoundRobinConfig {
  /** How long an endpoint has to have reported before its weight counts; 0: at once. */
  readonly blackoutPeriodMs: number
  /** An endpoint that has not reported for longer than this has no weight of its own any more. */
  readonly weightExpirationPeriodMs: number
  /** How often weights are looked at; from 100. */
  readonly weightUpdatePeriodMs: number
  /** Times errors per request is added to the utilization, 0 or more. */
  readonly errorUtilizationPenalty: number
  /**
   * The utilization is the largest of these, such as `named_metrics.queue` or `mem_utilization`. Where none is reported:
   * `application_utilization`, else `cpu_utilization`.
   */
  readonly metricNamesForComputingUtilization: readonly string[]
}

/** xDS: `Cluster.SlowStartConfig`. */
export interface SlowStartConfig {
  readonly windowMs: number
  /** Above 0; 1 grows linearly, more grows faster at first. */
  readonly aggression: number
  /** Share of the weight at the very start, 0 to 100. */
  readonly minWeightPercent: number
}

/** One thing that a request is hashed by. xDS: `RouteAction.HashPolicy`. */
export type HashPolicy = {
  /** Nothing after this one is looked at once there is a hash. Default false. */
  readonly terminal?: boolean
} & (
  | { readonly header: { readonly headerName: string } }
  | {
      readonly cookie: {
        readonly name: string
        /** Absent: a missing cookie is not made; 0: one for the session is. */
        readonly ttlMs?: number
        readonly path?: string
        readonly attributes?: readonly { readonly name: string; readonly value: string }[]
      }
    }
  | { readonly connectionProperties: { readonly sourceIp: true } }
  | { readonly queryParameter: { readonly name: string } }
)

/**
 * How localities are weighed against each other. Istio `LocalityLoadBalancerSetting` as it was written, since only the
 * client knows where it runs; xDS holds what comes of it (`LocalityLbEndpoints.priority`, `load_balancing_weight`).
 */
export interface LocalityLbSetting {
  /** Shares by the locality of the caller; `*` stands for any zone or sub zone. */
  readonly distribute?: readonly {
    readonly from: string
    /** Weights by locality; they sum to 100. */
    readonly to: Readonly<Record<string, number>>
  }[]
  /** Regions that stand in for a region. */
  readonly failover?: readonly { readonly from: string; readonly to: string }[]
  /** Labels, `key` or `key=value`, that rank endpoints by how many the caller shares, from the first on. */
  readonly failoverPriority?: readonly string[]
  /** Locality priorities only where outlier detection can tell the sick, as in Istio; `true`: always. */
  readonly always?: boolean
  /** Even shares over zones with as much as possible kept in the own. xDS: `CommonLbConfig.ZoneAwareLbConfig`. */
  readonly zoneAware?: {
    readonly minClusterSize: number
    readonly routingEnabledPercent: number
    /** Everything stays in the own zone where it has this many healthy endpoints. */
    readonly forceLocalZoneMinSize?: number
  }
}

/** xDS: `LbSubsetConfig.fallback_policy`. */
export type SubsetFallback =
  | { readonly policy: 'ANY_ENDPOINT' }
  | { readonly policy: 'DEFAULT_SUBSET'; readonly labels: Readonly<Record<string, string>> }
