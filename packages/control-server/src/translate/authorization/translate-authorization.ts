import type { CustomRbacPolicy, ExtAuthzProvider, InboundPolicy, Rbac, RbacPolicy } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import {
  type AuthorizationAction,
  type AuthorizationPolicySpec,
  DRY_RUN_ANNOTATION,
  parseDryRun,
} from '../../config/spec/authorization-policy.ts'
import type { Model } from '../../registry/model.ts'
import { policiesFor, type SelectedWorkload } from '../policy-selection.ts'
import { extAuthzProvider } from './ext-authz-providers.ts'
import { type HttpParts, ruleCondition } from './rules.ts'
import type { TrustDomains } from './trust-domains.ts'

/** What the authorization of a workload is made from. */
export type AuthorizationSources = Pick<Model, 'authorizationPolicies' | 'domain'> & {
  readonly mesh: Pick<Model['mesh'], 'trustDomain' | 'trustDomainAliases' | 'extensionProviders'>
}

/** What of an inbound policy says who may do what; each part only where there is something to say. */
export type TranslatedAuthorization = Pick<InboundPolicy, 'authorization' | 'tcpAuthorization' | 'extAuthzProviders'>

/** The AuthorizationPolicies that hold for a workload, for its requests and for its connections that are not looked into. */
export function translateAuthorization(
  sources: AuthorizationSources,
  subject: SelectedWorkload,
): TranslatedAuthorization {
  const { authorizationPolicies, mesh, domain } = sources
  const policies = policiesFor(authorizationPolicies, subject)
  if (policies.length === 0) return {}
  const trustDomains: TrustDomains = [mesh.trustDomain, ...mesh.trustDomainAliases]
  const names = new Set(policies.filter((policy) => actionOf(policy) === 'CUSTOM').map(providerOf))
  // Nobody can say which of several has the word: what they would be asked about is denied (Istio `buildHTTP`).
  const [only] = names.size === 1 ? names : []
  const provider = only === undefined ? undefined : extAuthzProvider(mesh.extensionProviders, only, domain)
  // A service that is asked about requests has nothing to say of a connection (Istio `buildTCP`).
  const ofConnections =
    provider?.protocol === 'http' ? policies.filter((policy) => actionOf(policy) !== 'CUSTOM') : policies
  const tcpAuthorization = rbacOf(ofConnections, trustDomains, 'tcp')
  return {
    authorization: rbacOf(policies, trustDomains, 'http'),
    ...(Object.keys(tcpAuthorization).length === 0 ? {} : { tcpAuthorization }),
    ...providersOf(only, provider),
  }
}

function providersOf(
  name: string | undefined,
  provider: ExtAuthzProvider | undefined,
): Pick<InboundPolicy, 'extAuthzProviders'> {
  return name === undefined || provider === undefined ? {} : { extAuthzProviders: { [name]: provider } }
}

const specOf = ({ spec }: ConfigResource): AuthorizationPolicySpec => spec as AuthorizationPolicySpec
const actionOf = (policy: ConfigResource): AuthorizationAction => specOf(policy).action ?? 'ALLOW'
const providerOf = (policy: ConfigResource): string => specOf(policy).provider?.name ?? ''

function rbacOf(policies: readonly ConfigResource[], trustDomains: TrustDomains, edge: 'http' | 'tcp'): Rbac {
  const of = (action: AuthorizationAction): readonly RbacPolicy[] =>
    policies
      .filter((policy) => actionOf(policy) === action)
      .map((policy) =>
        rbacPolicy(policy, trustDomains, edge === 'http' ? 'keep' : action === 'ALLOW' ? 'drop' : 'widen'),
      )
  const lists = {
    custom: of('CUSTOM') as readonly CustomRbacPolicy[],
    deny: of('DENY'),
    allow: of('ALLOW'),
    audit: of('AUDIT'),
  }
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}

function rbacPolicy(
  policy: ConfigResource,
  trustDomains: TrustDomains,
  http: HttpParts,
): RbacPolicy | CustomRbacPolicy {
  const { namespace, name, annotations = {} } = policy.metadata
  const scope = { namespace, trustDomains }
  const { rules = [] } = specOf(policy)
  const dryRun = parseDryRun(annotations[DRY_RUN_ANNOTATION] ?? '') === true
  return {
    name: `${namespace}/${name}`,
    rules: rules.map((rule) => ruleCondition(rule, scope, http)).filter((rule) => rule !== undefined),
    ...(dryRun ? { dryRun } : {}),
    ...(actionOf(policy) === 'CUSTOM' ? { provider: providerOf(policy) } : {}),
  }
}
