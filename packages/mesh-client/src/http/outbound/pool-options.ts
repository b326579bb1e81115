import { isDeepStrictEqual } from 'node:util'
import { type Cluster, DEFAULT_IDLE_TIMEOUT_MS, UNLIMITED } from '@weft/mesh-protocol'
import { MAX_DELAY_MS } from '../../kernel/timers.ts'
import type { Pool } from '../undici.ts'
import type { Connectors } from './connectors.ts'

/**
 * How long an unused connection is kept towards a server that does not say how long it keeps its own, while policy is
 * silent: undici's default. Shorter than the idle time of the usual servers (Node: 5 s), so that they do not close it
 * first, under a request.
 */
const UNANNOUNCED_KEEP_ALIVE_MS = 4_000

/** undici's options for the connections to one endpoint of a cluster. */
export function poolOptions(config: Cluster, connect: ReturnType<Connectors['for']>): Pool.Options {
  const { circuitBreakers, idleTimeoutMs, maxConnectionDurationMs, maxRequestsPerConnection } = config
  const longestMs = Math.min(
    idleTimeoutMs === 0 ? MAX_DELAY_MS : idleTimeoutMs,
    maxConnectionDurationMs ?? MAX_DELAY_MS,
  )
  return {
    connect,
    allowH2: false,
    pipelining: 1,
    connections: circuitBreakers.maxConnections >= UNLIMITED ? null : circuitBreakers.maxConnections,
    keepAliveTimeout: Math.min(keepAliveTimeout(idleTimeoutMs), longestMs),
    keepAliveMaxTimeout: Math.min(longestMs, MAX_DELAY_MS),
    ...(maxRequestsPerConnection > 0 ? { maxRequestsPerClient: maxRequestsPerConnection } : {}),
    ...(maxConnectionDurationMs === undefined ? {} : { clientTtl: maxConnectionDurationMs }),
  }
}

function keepAliveTimeout(idleTimeoutMs: number): number {
  if (idleTimeoutMs === DEFAULT_IDLE_TIMEOUT_MS) return UNANNOUNCED_KEEP_ALIVE_MS
  return idleTimeoutMs === 0 ? MAX_DELAY_MS : Math.min(idleTimeoutMs, MAX_DELAY_MS)
}

/** What connections depend on. */
function connectionOptions(config: Cluster): readonly unknown[] {
  return [
    config.protocol,
    config.connectTimeoutMs,
    config.idleTimeoutMs,
    config.maxRequestsPerConnection,
    config.circuitBreakers.maxConnections,
    config.maxConnectionDurationMs,
    config.tcpKeepalive,
    config.http2ProtocolOptions,
    config.tls,
    config.autoMtls,
  ]
}

/** Whether a version of a cluster is content with the connections of another. */
export function samePoolOptions(a: Cluster, b: Cluster): boolean {
  return isDeepStrictEqual(connectionOptions(a), connectionOptions(b))
}
