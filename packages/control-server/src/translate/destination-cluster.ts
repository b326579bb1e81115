import { clusterName, parseClusterName } from '@weft/mesh-protocol'
import type { Destination } from '../config/spec/virtual-service.ts'
import type { TranslateContext } from './context.ts'
import { destinationHost } from './host-map.ts'
import { balancing } from './load-balancer.ts'
import { effectivePolicy } from './traffic-policy.ts'

/**
 * The cluster that a destination in a resource of `namespace` means. Without a port: the destination's only one, else the
 * port that was called (Istio `route.go` `GetDestinationCluster`).
 */
export function destinationCluster(
  { model }: TranslateContext,
  namespace: string,
  calledPort: number,
  destination: Destination,
): string {
  const host = destinationHost(destination.host, namespace, model)
  const ports = model.services.get(host)?.ports ?? []
  const only = ports.length === 1 ? ports[0]?.number : undefined
  const port = destination.port?.number ?? only ?? calledPort
  return clusterName({ port, subset: destination.subset ?? '', host })
}

/** Whether requests to a cluster are bound to endpoints by a hash, so that a retry should not look for another. */
export function hashesRequests({ model, policies, client }: TranslateContext, cluster: string): boolean {
  const parts = parseClusterName(cluster)
  const service = parts === undefined ? undefined : model.services.get(parts.host)
  if (parts === undefined || service === undefined) return false
  const rule = policies.destinationRules.find(service, client)
  const subset = rule?.subsets.find(({ name }) => name === parts.subset)
  const { lbPolicy, hashPolicy = [] } = balancing({
    settings: effectivePolicy(rule?.trafficPolicy, subset?.trafficPolicy, parts.port).loadBalancer,
    annotated: rule?.lbPolicy,
    own: policies.loadBalancers.find(service, parts.subset, client.namespace),
    clientAffinity: service.sessionAffinity === 'ClientIP',
  })
  return hashPolicy.length > 0 && (lbPolicy === 'RING_HASH' || lbPolicy === 'MAGLEV')
}
