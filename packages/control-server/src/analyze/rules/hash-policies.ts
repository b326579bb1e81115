import type { DestinationRuleSpec } from '../../config/spec/destination-rule.ts'
import type { LoadBalancerSpec } from '../../config/spec/load-balancer.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0408: a LoadBalancer that hashes, without a DestinationRule that says what. */
export function* hashPolicies({ ofKind, fullHost }: MeshView): Generator<Finding> {
  const keyed = new Set(
    ofKind<DestinationRuleSpec>('DestinationRule')
      .filter(({ resource }) => hashes(resource.spec))
      .map(({ resource }) => fullHost(resource.spec.host, resource.metadata.namespace)),
  )
  for (const subject of ofKind<LoadBalancerSpec>('LoadBalancer')) {
    const { spec, metadata } = subject.resource
    const host = fullHost(spec.host, metadata.namespace)
    if ((spec.policy !== 'RING_HASH' && spec.policy !== 'MAGLEV') || keyed.has(host)) continue
    const message = `no DestinationRule of ${host} has a consistentHash, so that there is nothing to hash`
    yield { code: 'WEFT0408', subject, field: 'spec.policy', message }
  }
}

function hashes({ trafficPolicy, subsets = [] }: DestinationRuleSpec): boolean {
  return [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)].some(
    (policy) =>
      policy?.loadBalancer?.consistentHash !== undefined ||
      (policy?.portLevelSettings ?? []).some(({ loadBalancer }) => loadBalancer?.consistentHash !== undefined),
  )
}
