import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { AuthorizationPolicySpec } from '../../config/spec/authorization-policy.ts'
import type { RequestAuthenticationSpec } from '../../config/spec/request-authentication.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { isForWorkloads } from '../selected-workloads.ts'

/** WEFT0508: a RequestAuthentication alone lets requests without a token through. */
export function* tokensNobodyDemands({ ofKind, isWhole }: MeshView): Generator<Finding> {
  const demanding = new Set(
    ofKind<AuthorizationPolicySpec>('AuthorizationPolicy')
      .filter(({ resource }) => looksAtTokens(resource.spec))
      .map(({ resource }) => resource.metadata.namespace),
  )
  for (const subject of ofKind<RequestAuthenticationSpec>('RequestAuthentication')) {
    const { metadata, spec } = subject.resource
    const demanded = demanding.has(ROOT_NAMESPACE) || demanding.has(metadata.namespace)
    if (demanded || (spec.jwtRules ?? []).length === 0 || !isForWorkloads(subject)) continue
    const message = `no AuthorizationPolicy of ${metadata.namespace} looks at tokens: requests without one pass`
    yield { code: 'WEFT0508', subject, field: 'spec', message, ...(isWhole ? {} : { severity: 'info' as const }) }
  }
}

function looksAtTokens({ rules = [] }: AuthorizationPolicySpec): boolean {
  return rules.some(
    ({ from = [], when = [] }) =>
      from.some(
        ({ source = {} }) => source.requestPrincipals !== undefined || source.notRequestPrincipals !== undefined,
      ) || when.some(({ key }) => key.startsWith('request.auth.')),
  )
}
