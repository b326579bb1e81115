import {
  type CircuitBreakers,
  type Cluster,
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_IDLE_TIMEOUT_MS,
} from '@weft/mesh-protocol'
import { milliseconds, positiveMilliseconds } from '../config/duration.ts'
import type { ConnectionPoolSettings, HttpSettings, TcpSettings } from '../config/spec/destination-rule.ts'
import type { MeshSettings } from '../registry/mesh-settings.ts'
import type { ServicePort } from '../registry/model.ts'

type PoolFields = Pick<
  Cluster,
  | 'protocol'
  | 'connectTimeoutMs'
  | 'circuitBreakers'
  | 'maxRequestsPerConnection'
  | 'idleTimeoutMs'
  | 'maxConnectionDurationMs'
  | 'tcpKeepalive'
  | 'http2ProtocolOptions'
>

type PoolDefaults = Pick<MeshSettings, 'connectTimeoutMs' | 'tcpKeepalive' | 'h2UpgradePolicy'>

/**
 * The connections to one port. A 0 in these settings is the same as nothing (Istio `cluster_traffic_policy.go`
 * `applyConnectionPool`).
 */
export function connectionPool(
  port: Pick<ServicePort, 'protocol'>,
  { tcp, http }: ConnectionPoolSettings = {},
  mesh: PoolDefaults,
): PoolFields {
  const protocol = upstreamProtocol(port.protocol, http, mesh)
  const circuitBreakers: CircuitBreakers = {
    maxConnections: positive(tcp?.maxConnections) ?? DEFAULT_CIRCUIT_BREAKERS.maxConnections,
    maxPendingRequests: positive(http?.http1MaxPendingRequests) ?? DEFAULT_CIRCUIT_BREAKERS.maxPendingRequests,
    maxRequests: positive(http?.http2MaxRequests) ?? DEFAULT_CIRCUIT_BREAKERS.maxRequests,
    maxRetries: positive(http?.maxRetries) ?? DEFAULT_CIRCUIT_BREAKERS.maxRetries,
  }
  const maxConnectionDurationMs = positiveMilliseconds(tcp?.maxConnectionDuration)
  const tcpKeepalive = keepalive(tcp?.tcpKeepalive ?? mesh.tcpKeepalive)
  const http2ProtocolOptions = protocol === 'http2' || protocol === 'grpc' ? http2Options(http) : undefined
  return {
    protocol,
    connectTimeoutMs: positiveMilliseconds(tcp?.connectTimeout) ?? mesh.connectTimeoutMs,
    circuitBreakers,
    maxRequestsPerConnection: positive(http?.maxRequestsPerConnection) ?? 0,
    idleTimeoutMs:
      (protocol === 'tcp' ? undefined : milliseconds(http?.idleTimeout)) ??
      milliseconds(tcp?.idleTimeout) ??
      DEFAULT_IDLE_TIMEOUT_MS,
    ...(maxConnectionDurationMs === undefined ? {} : { maxConnectionDurationMs }),
    ...(tcpKeepalive === undefined ? {} : { tcpKeepalive }),
    ...(http2ProtocolOptions === undefined ? {} : { http2ProtocolOptions }),
  }
}

/**
 * What is spoken to the port. Only HTTP/1.1 is upgraded; what the port says by itself is never taken back.
 * Source: Istio `cluster_builder.go` `shouldH2Upgrade`.
 */
function upstreamProtocol(
  port: ServicePort['protocol'],
  http: HttpSettings | undefined,
  mesh: Pick<MeshSettings, 'h2UpgradePolicy'>,
): ServicePort['protocol'] {
  if (port !== 'http') return port
  const own = http?.h2UpgradePolicy ?? 'DEFAULT'
  return (own === 'DEFAULT' ? mesh.h2UpgradePolicy : own) === 'UPGRADE' ? 'http2' : 'http'
}

function keepalive(settings: TcpSettings['tcpKeepalive']): Cluster['tcpKeepalive'] {
  if (settings === undefined) return undefined
  const timeMs = positiveMilliseconds(settings.time)
  const intervalMs = positiveMilliseconds(settings.interval)
  const probes = positive(settings.probes)
  return {
    ...(timeMs === undefined ? {} : { timeMs }),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(probes === undefined ? {} : { probes }),
  }
}

function http2Options(http: HttpSettings | undefined): Cluster['http2ProtocolOptions'] {
  const maxConcurrentStreams = positive(http?.maxConcurrentStreams)
  const intervalMs = positiveMilliseconds(http?.http2KeepAlive?.interval)
  const timeoutMs = positiveMilliseconds(http?.http2KeepAlive?.timeout)
  const pings = intervalMs !== undefined && timeoutMs !== undefined
  if (maxConcurrentStreams === undefined && !pings) return undefined
  return {
    ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
    ...(pings ? { connectionKeepalive: { intervalMs, timeoutMs } } : {}),
  }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}
