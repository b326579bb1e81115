import { DEFAULT_HEALTH_CHECK, type HealthCheck } from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { HealthCheckSpec } from '../config/spec/load-balancer.ts'

/** The active checks of a LoadBalancer. */
export function healthChecks(specs: readonly HealthCheckSpec[]): readonly HealthCheck[] {
  return specs.map(({ interval, timeout, unhealthyThreshold, healthyThreshold, port, ...kinds }) => ({
    intervalMs: milliseconds(interval) ?? DEFAULT_HEALTH_CHECK.intervalMs,
    timeoutMs: milliseconds(timeout) ?? DEFAULT_HEALTH_CHECK.timeoutMs,
    unhealthyThreshold: unhealthyThreshold ?? DEFAULT_HEALTH_CHECK.unhealthyThreshold,
    healthyThreshold: healthyThreshold ?? DEFAULT_HEALTH_CHECK.healthyThreshold,
    ...(port === undefined ? {} : { port }),
    check: checkOf(kinds),
  }))
}

function checkOf({ http, grpc }: Pick<HealthCheckSpec, 'http' | 'tcp' | 'grpc'>): HealthCheck['check'] {
  if (http !== undefined) return { http }
  if (grpc === undefined) return { tcp: {} }
  return { grpc: grpc.service === undefined ? {} : { serviceName: grpc.service } }
}
