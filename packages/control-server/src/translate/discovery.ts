import { type Cluster, DEFAULT_DNS_REFRESH_RATE_MS } from '@weft/mesh-protocol'
import type { LoadBalancerSettings } from '../config/spec/destination-rule.ts'
import type { MeshSettings } from '../registry/mesh-settings.ts'
import type { MeshService, ServicePort } from '../registry/model.ts'

type Discovery = Pick<Cluster, 'discoveryType' | 'dnsRefreshRateMs' | 'upstreamPortOverride'>

/**
 * Where the endpoints of a cluster come from. `PASSTHROUGH` asks for the host that the caller named, whatever the service says
 * (Istio `cluster_builder.go` `convertResolution`, `loadbalancer.go` `ApplyLoadBalancer`).
 */
export function discovery(
  { discoveryType: said }: MeshService,
  { number, targetPort }: ServicePort,
  loadBalancer: LoadBalancerSettings | undefined,
  { dnsRefreshRateMs }: MeshSettings,
): Discovery {
  const discoveryType = loadBalancer?.simple === 'PASSTHROUGH' ? 'ORIGINAL_DST' : said
  if (discoveryType === undefined) return {}
  const overrides = said === 'ORIGINAL_DST' && typeof targetPort === 'number' && targetPort !== number
  const refreshes = discoveryType === 'STRICT_DNS' && dnsRefreshRateMs !== DEFAULT_DNS_REFRESH_RATE_MS
  return {
    discoveryType,
    ...(refreshes ? { dnsRefreshRateMs } : {}),
    ...(overrides ? { upstreamPortOverride: targetPort } : {}),
  }
}
