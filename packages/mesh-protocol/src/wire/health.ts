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
  /** Ejects endpoints whose success rate lies far below the others'. Absent: off. */
  readonly successRate?: SuccessRateDetection
  /** Ejects endpoints whose share of failures is over a threshold. Absent: off. */
  readonly failurePercentage?: FailurePercentageDetection
  /** Largest random addition to an ejection time. Default 0. */
  readonly maxEjectionTimeJitterMs?: number
  /** One endpoint may be ejected whatever `maxEjectionPercent` says. Default false. */
  readonly alwaysEjectOneHost?: boolean
}

/** xDS: the `success_rate_*` fields of `OutlierDetection`. */
export interface SuccessRateDetection {
  /** Below this number of endpoints with enough requests nothing is ejected. */
  readonly minimumHosts: number
  /** Requests that an endpoint needs in one interval to be judged. */
  readonly requestVolume: number
  /** Ejects below mean - (factor / 1000) * standard deviation. */
  readonly stdevFactor: number
  /** Share of the detections that eject, 0 to 100. */
  readonly enforcingPercent: number
}

/** xDS: the `failure_percentage_*` fields of `OutlierDetection`. */
export interface FailurePercentageDetection {
  /** Share of failed requests from which on an endpoint is ejected, 0 to 100. */
  readonly threshold: number
  readonly minimumHosts: number
  readonly requestVolume: number
  readonly enforcingPercent: number
}

/** Asks endpoints by itself whether they are well. xDS: `envoy.config.core.v3.HealthCheck`. */
export interface HealthCheck {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Failures in a row that make an endpoint unhealthy. An answer that is no expected status does so at once, as in Envoy. */
  readonly unhealthyThreshold: number
  /** Successes in a row that make it healthy again; the first check of an endpoint counts alone. */
  readonly healthyThreshold: number
  /** Port to ask instead of the endpoint's. */
  readonly port?: number
  readonly check:
    | {
        readonly http: {
          readonly path: string
          readonly host?: string
          readonly method?: string
          /** Half-open ranges; absent: 200. */
          readonly expectedStatuses?: readonly { readonly start: number; readonly end: number }[]
        }
      }
    | { readonly tcp: Readonly<Record<string, never>> }
    | { readonly grpc: { readonly serviceName?: string } }
}
