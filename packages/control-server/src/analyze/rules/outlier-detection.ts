import { child } from '../../config/field-path.ts'
import type { OutlierDetectionSettings } from '../../config/spec/destination-rule.ts'
import type { LoadBalancerSpec } from '../../config/spec/load-balancer.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { type PlacedPolicy, trafficPolicies } from '../traffic-policies.ts'

/** WEFT0403, WEFT0404: outlier detection that may leave nobody, and such that takes nobody out. */
export function* outlierDetection(view: MeshView): Generator<Finding> {
  const guarded = hostsWithPanicThreshold(view)
  for (const placed of trafficPolicies(view)) {
    const settings = placed.policy.outlierDetection
    if (settings === undefined) continue
    const problem = problemOf(settings, guarded.has(hostOf(placed, view)))
    if (problem === undefined) continue
    const field = child(child(placed.field, 'outlierDetection'), problem.at)
    yield { code: problem.code, subject: placed.subject, field, message: problem.message }
  }
}

interface Problem {
  readonly code: 'WEFT0403' | 'WEFT0404'
  readonly at: keyof OutlierDetectionSettings
  readonly message: string
}

function problemOf(settings: OutlierDetectionSettings, hasPanicThreshold: boolean): Problem | undefined {
  const { maxEjectionPercent = 0, minHealthPercent = 0 } = settings
  if (minHealthPercent === 100) {
    const message = 'all endpoints are used as soon as one is ejected, so that ejecting has no effect'
    return { code: 'WEFT0404', at: 'minHealthPercent', message }
  }
  if (maxEjectionPercent !== 100 || minHealthPercent > 0 || hasPanicThreshold) return undefined
  const message = 'every endpoint may be ejected at once; without minHealthPercent calls are answered 503 then'
  return { code: 'WEFT0403', at: 'maxEjectionPercent', message }
}

const hostOf = ({ subject: { resource } }: PlacedPolicy, { fullHost }: MeshView): string =>
  fullHost(resource.spec.host, resource.metadata.namespace)

function hostsWithPanicThreshold({ ofKind, fullHost }: MeshView): ReadonlySet<string> {
  const balancers = ofKind<LoadBalancerSpec>('LoadBalancer').filter(
    ({ resource }) => (resource.spec.panicThreshold ?? 0) > 0,
  )
  return new Set(balancers.map(({ resource }) => fullHost(resource.spec.host, resource.metadata.namespace)))
}
