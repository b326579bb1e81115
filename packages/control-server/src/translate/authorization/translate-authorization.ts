import type { CustomRbacPolicy, ExtAuthzProvider, InboundPolicy, Rbac, RbacPolicy } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import type { AuthorizationAction } from '../../config/spec/authorization-policy.ts'
import type { Model } from '../../registry/model.ts'
import { policiesFor, type SelectedWorkload } from '../policy-selection.ts'
import { actionOf, CompiledPolicies, type Edge, providerOf } from './compiled-policies.ts'
import { extAuthzProvider } from './ext-authz-providers.ts'
import { trustDomainsOf } from './trust-domains.ts'

/** What the authorization of a workload is made from. */
export type AuthorizationSources = Pick<Model, 'authorizationPolicies' | 'domain'> & {
  readonly mesh: Pick<Model['mesh'], 'trustDomain' | 'trustDomainAliases' | 'extensionProviders'>
}

/** What of an inbound policy says who may do what; each part only where there is something to say. */
export type TranslatedAuthorization = Pick<InboundPolicy, 'authorization' | 'tcpAuthorization' | 'extAuthzProviders'>

/**
 * The AuthorizationPolicies that hold for a workload, for its requests and for its connections that are not looked into.
 *
 * @param compiled with the mesh's trust domains, where somebody has it already
 */
export function translateAuthorization(
  { authorizationPolicies, mesh, domain }: AuthorizationSources,
  subject: SelectedWorkload,
  compiled: CompiledPolicies = new CompiledPolicies(trustDomainsOf(mesh)),
): TranslatedAuthorization {
  const policies = policiesFor(authorizationPolicies, subject)
  if (policies.length === 0) return {}
  const names = new Set(policies.filter((policy) => actionOf(policy) === 'CUSTOM').map(providerOf))
  // Nobody can say which of several has the word: what they would be asked about is denied (Istio `buildHTTP`).
  const [only] = names.size === 1 ? names : []
  const provider = only === undefined ? undefined : extAuthzProvider(mesh.extensionProviders, only, domain)
  // A service that is asked about requests has nothing to say of a connection (Istio `buildTCP`).
  const ofConnections =
    provider?.protocol === 'http' ? policies.filter((policy) => actionOf(policy) !== 'CUSTOM') : policies
  const tcpAuthorization = rbacOf(ofConnections, compiled, 'connections')
  return {
    authorization: rbacOf(policies, compiled, 'requests'),
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

function rbacOf(policies: readonly ConfigResource[], compiled: CompiledPolicies, edge: Edge): Rbac {
  const of = (action: AuthorizationAction): readonly RbacPolicy[] =>
    policies.filter((policy) => actionOf(policy) === action).map((policy) => compiled.of(policy, edge))
  const lists = {
    custom: of('CUSTOM') as readonly CustomRbacPolicy[],
    deny: of('DENY'),
    allow: of('ALLOW'),
    audit: of('AUDIT'),
  }
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}
