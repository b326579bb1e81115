import type { Cluster, SubsetFallback } from '@weft/mesh-protocol'
import type { LoadBalancerSpec } from '../config/spec/load-balancer.ts'
import type { MeshService } from '../registry/model.ts'
import { healthChecks } from './health-checks.ts'
import { localityLb, type MeshLocalities } from './locality-lb.ts'
import { outlierDetection } from './outlier-detection.ts'
import type { EffectivePolicy } from './traffic-policy.ts'

/** The fields of a cluster that say which endpoints are used, and when they are not. */
export type EndpointHealth = Pick<
  Cluster,
  | 'localityLb'
  | 'healthyPanicThresholdPercent'
  | 'overprovisioningFactor'
  | 'subsetFallback'
  | 'healthChecks'
  | 'outlierDetection'
>

export interface EndpointHealthSources {
  /** Of the DestinationRule. */
  readonly policy: EffectivePolicy
  /** The LoadBalancer. */
  readonly own: LoadBalancerSpec | undefined
  readonly service: Pick<MeshService, 'trafficDistribution'>
  readonly mesh: MeshLocalities
  /** Whether the cluster is a subset, and may fall back. */
  readonly isSubset: boolean
}

export function endpointHealth({ policy, own, service, mesh, isSubset }: EndpointHealthSources): EndpointHealth {
  const outliers = outlierDetection(policy.outlierDetection, own?.outlierDetection)
  const localities = localityLb(policy.loadBalancer, service, mesh, outliers !== undefined)
  // 0 is what Istio writes for a panic that never comes, and the default.
  const panic = own?.panicThreshold ?? policy.outlierDetection?.minHealthPercent ?? 0
  const fallback = isSubset ? subsetFallback(own?.subsetFallback) : undefined
  const checks = own?.healthChecks ?? []
  return {
    ...(localities === undefined ? {} : { localityLb: localities }),
    ...(panic > 0 ? { healthyPanicThresholdPercent: panic } : {}),
    ...(own?.overprovisioningFactor === undefined ? {} : { overprovisioningFactor: own.overprovisioningFactor }),
    ...(fallback === undefined ? {} : { subsetFallback: fallback }),
    ...(checks.length === 0 ? {} : { healthChecks: healthChecks(checks) }),
    ...(outliers === undefined ? {} : { outlierDetection: outliers }),
  }
}

function subsetFallback(spec: LoadBalancerSpec['subsetFallback']): SubsetFallback | undefined {
  if (spec === undefined || spec === 'NO_FALLBACK') return undefined
  if (spec === 'ANY_ENDPOINT') return { policy: 'ANY_ENDPOINT' }
  return { policy: 'DEFAULT_SUBSET', labels: spec.defaultSubset.labels }
}
