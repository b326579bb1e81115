import { item } from '../../config/field-path.ts'
import type { AuthorizationPolicySpec } from '../../config/spec/authorization-policy.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0501, WEFT0502: policies that let nothing through. */
export function* denyingEverything({ ofKind }: MeshView): Generator<Finding> {
  for (const subject of ofKind<AuthorizationPolicySpec>('AuthorizationPolicy')) {
    const { action = 'ALLOW', rules = [] } = subject.resource.spec
    if (action === 'ALLOW' && rules.length === 0) {
      const message = 'allows nothing: what no other ALLOW policy allows is denied'
      yield { code: 'WEFT0501', subject, field: 'spec', message }
    }
    if (action !== 'DENY') continue
    for (const [index, { from = [], to = [], when = [] }] of rules.entries()) {
      if (from.length + to.length + when.length > 0) continue
      yield { code: 'WEFT0502', subject, field: item('spec.rules', index), message: 'denies every request' }
    }
  }
}
