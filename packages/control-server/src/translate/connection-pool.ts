import {
  type CircuitBreakers,
  type Cluster,
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
} from '@weft/mesh-protocol'
import type { ConnectionPoolSettings } from '../config/spec/destination-rule.ts'
import { milliseconds } from './milliseconds.ts'

type PoolFields = Pick<Cluster, 'connectTimeoutMs' | 'circuitBreakers' | 'maxRequestsPerConnection' | 'idleTimeoutMs'>

/** A 0 in these settings is the same as nothing (Istio `cluster_traffic_policy.go` `applyConnectionPool`). */
export function connectionPool({ tcp, http }: ConnectionPoolSettings = {}): PoolFields {
  const circuitBreakers: CircuitBreakers = {
    maxConnections: positive(tcp?.maxConnections) ?? DEFAULT_CIRCUIT_BREAKERS.maxConnections,
    maxPendingRequests: positive(http?.http1MaxPendingRequests) ?? DEFAULT_CIRCUIT_BREAKERS.maxPendingRequests,
    maxRequests: positive(http?.http2MaxRequests) ?? DEFAULT_CIRCUIT_BREAKERS.maxRequests,
    maxRetries: positive(http?.maxRetries) ?? DEFAULT_CIRCUIT_BREAKERS.maxRetries,
  }
  return {
    connectTimeoutMs: milliseconds(tcp?.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    circuitBreakers,
    maxRequestsPerConnection: positive(http?.maxRequestsPerConnection) ?? 0,
    idleTimeoutMs: milliseconds(http?.idleTimeout) ?? milliseconds(tcp?.idleTimeout) ?? DEFAULT_IDLE_TIMEOUT_MS,
  }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}
