import type { PortSelector } from './virtual-service.ts'

/** `istio.networking.v1.DestinationRule`. */
export interface DestinationRuleSpec {
  readonly host: string
  readonly trafficPolicy?: TrafficPolicy
  readonly subsets?: readonly Subset[]
  readonly exportTo?: readonly string[]
  readonly workloadSelector?: { readonly matchLabels?: Readonly<Record<string, string>> }
}

export interface Subset {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly trafficPolicy?: TrafficPolicy
}

/** The blocks that a port may set for itself. */
export interface PortPolicy {
  readonly loadBalancer?: LoadBalancerSettings
  readonly connectionPool?: ConnectionPoolSettings
  readonly outlierDetection?: OutlierDetectionSettings
  readonly tls?: ClientTlsSettings
}

export interface PortTrafficPolicy extends PortPolicy {
  readonly port?: PortSelector
}

export interface TrafficPolicy extends PortPolicy {
  readonly portLevelSettings?: readonly PortTrafficPolicy[]
  readonly tunnel?: TunnelSettings
  readonly proxyProtocol?: { readonly version?: 'V1' | 'V2' }
  readonly retryBudget?: RetryBudgetSettings
}

export interface TunnelSettings {
  readonly protocol?: string
  readonly targetHost: string
  readonly targetPort: number
}

export interface RetryBudgetSettings {
  readonly percent?: number
  readonly minRetryConcurrency?: number
  readonly budgetInterval?: string
}

export type SimpleLb = 'UNSPECIFIED' | 'LEAST_CONN' | 'RANDOM' | 'PASSTHROUGH' | 'ROUND_ROBIN' | 'LEAST_REQUEST'

export interface LoadBalancerSettings {
  readonly simple?: SimpleLb
  readonly consistentHash?: ConsistentHashLb
  readonly backendUtilization?: BackendUtilization
  readonly localityLbSetting?: LocalityLbSetting
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting
  readonly warmupDurationSecs?: string
  readonly warmup?: { readonly duration: string; readonly minimumPercent?: number; readonly aggression?: number }
}

/** Weights by what endpoints report of their load. */
export interface BackendUtilization {
  readonly errorUtilizationPenaltyPercent?: number
  readonly metricNamesForComputingUtilization?: readonly string[]
  readonly weightExpirationPeriod?: string
  readonly weightStabilizationPeriod?: string
  readonly weightUpdatePeriod?: string
}

export interface HttpCookie {
  readonly name: string
  readonly path?: string
  readonly ttl?: string
  readonly attributes?: readonly { readonly name: string; readonly value?: string }[]
}

export interface ConsistentHashLb {
  readonly httpHeaderName?: string
  readonly httpCookie?: HttpCookie
  readonly useSourceIp?: boolean
  readonly httpQueryParameterName?: string
  readonly ringHash?: { readonly minimumRingSize?: number }
  readonly maglev?: { readonly tableSize?: number }
  readonly minimumRingSize?: number
}

export interface Failover {
  readonly from?: string
  readonly to?: string
}

export interface LocalityLbSetting {
  readonly distribute?: readonly { readonly from?: string; readonly to?: Readonly<Record<string, number>> }[]
  readonly failover?: readonly Failover[]
  readonly failoverPriority?: readonly string[]
  readonly enabled?: boolean
}

export interface ZoneAwareLbSetting {
  readonly enabled?: boolean
  readonly failover?: readonly Failover[]
  readonly failoverPriority?: readonly string[]
  readonly minClusterSize?: number
}

export interface TcpSettings {
  readonly maxConnections?: number
  readonly connectTimeout?: string
  readonly tcpKeepalive?: { readonly probes?: number; readonly time?: string; readonly interval?: string }
  readonly maxConnectionDuration?: string
  readonly idleTimeout?: string
}

export interface HttpSettings {
  readonly http1MaxPendingRequests?: number
  readonly http2MaxRequests?: number
  readonly maxRequestsPerConnection?: number
  readonly maxRetries?: number
  readonly idleTimeout?: string
  readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE'
  readonly useClientProtocol?: boolean
  readonly maxConcurrentStreams?: number
  readonly http2KeepAlive?: { readonly interval?: string; readonly timeout?: string }
}

export interface ConnectionPoolSettings {
  readonly tcp?: TcpSettings
  readonly http?: HttpSettings
}

export interface OutlierDetectionSettings {
  readonly consecutiveErrors?: number
  readonly splitExternalLocalOriginErrors?: boolean
  readonly consecutiveLocalOriginFailures?: number
  readonly consecutiveGatewayErrors?: number
  readonly consecutive5xxErrors?: number
  readonly interval?: string
  readonly baseEjectionTime?: string
  readonly maxEjectionPercent?: number
  readonly minHealthPercent?: number
  readonly outlierDetectionHttpErrorCodes?: readonly number[]
}

export interface ClientTlsSettings {
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
  readonly clientCertificate?: string
  readonly privateKey?: string
  readonly caCertificates?: string
  readonly credentialName?: string
  readonly subjectAltNames?: readonly string[]
  readonly sni?: string
  readonly insecureSkipVerify?: boolean
  readonly caCrl?: string
}
