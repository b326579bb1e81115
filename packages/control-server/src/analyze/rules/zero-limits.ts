import { child } from '../../config/field-path.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { trafficPolicies } from '../traffic-policies.ts'

const HTTP_LIMITS = ['http1MaxPendingRequests', 'http2MaxRequests', 'maxRetries'] as const

/** WEFT0405: limits of 0, which in Istio stand for none given. */
export function* zeroLimits(view: MeshView): Generator<Finding> {
  for (const { subject, policy, field } of trafficPolicies(view)) {
    const { tcp, http } = policy.connectionPool ?? {}
    const pool = child(field, 'connectionPool')
    const zeros = [
      ...(tcp?.maxConnections === 0 ? [child(pool, 'tcp.maxConnections')] : []),
      ...HTTP_LIMITS.filter((name) => http?.[name] === 0).map((name) => child(child(pool, 'http'), name)),
    ]
    for (const at of zeros) yield { code: 'WEFT0405', subject, field: at, message: '0 stands for no limit' }
  }
}
