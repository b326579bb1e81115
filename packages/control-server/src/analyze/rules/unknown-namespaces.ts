import { child, item } from '../../config/field-path.ts'
import type { AuthorizationPolicySpec } from '../../config/spec/authorization-policy.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

const FIELDS = ['namespaces', 'notNamespaces'] as const

/** WEFT0511: namespaces of callers that nothing is in (Istio `ReferencedResourceNotFound`). */
export function* unknownNamespaces({ ofKind, workloads, subjects }: MeshView): Generator<Finding> {
  if (workloads === undefined) return
  const known = new Set([
    ...workloads.map(({ namespace }) => namespace),
    ...subjects.map(({ resource }) => resource.metadata.namespace),
  ])
  for (const subject of ofKind<AuthorizationPolicySpec>('AuthorizationPolicy')) {
    for (const [rule, { from = [] }] of (subject.resource.spec.rules ?? []).entries()) {
      for (const [index, { source = {} }] of from.entries()) {
        const at = child(item(child(item('spec.rules', rule), 'from'), index), 'source')
        for (const name of FIELDS) {
          for (const [place, value] of (source[name] ?? []).entries()) {
            if (value.includes('*') || known.has(value)) continue
            const message = `nothing is in a namespace ${JSON.stringify(value)}`
            yield { code: 'WEFT0511', subject, field: item(child(at, name), place), message }
          }
        }
      }
    }
  }
}
