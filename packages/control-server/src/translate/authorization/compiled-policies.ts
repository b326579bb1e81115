import type { CustomRbacPolicy, RbacPolicy } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import {
  type AuthorizationAction,
  type AuthorizationPolicySpec,
  DRY_RUN_ANNOTATION,
  parseDryRun,
} from '../../config/spec/authorization-policy.ts'
import { type HttpParts, ruleCondition } from './rules.ts'
import type { TrustDomains } from './trust-domains.ts'

/** What a policy is held against. */
export type Edge = 'requests' | 'connections'

const specOf = ({ spec }: ConfigResource): AuthorizationPolicySpec => spec as AuthorizationPolicySpec

export const actionOf = (policy: ConfigResource): AuthorizationAction => specOf(policy).action ?? 'ALLOW'
export const providerOf = (policy: ConfigResource): string => specOf(policy).provider?.name ?? ''

/** Policies as the wire has them. One of the whole mesh is made once, and not for each of its workloads. */
export class CompiledPolicies {
  readonly trustDomains: TrustDomains
  private readonly made: Readonly<Record<Edge, WeakMap<ConfigResource, RbacPolicy | CustomRbacPolicy>>> = {
    requests: new WeakMap(),
    connections: new WeakMap(),
  }

  constructor(trustDomains: TrustDomains) {
    this.trustDomains = trustDomains
  }

  of(policy: ConfigResource, edge: Edge): RbacPolicy | CustomRbacPolicy {
    const known = this.made[edge].get(policy)
    if (known !== undefined) return known
    const compiled = compile(policy, this.trustDomains, httpParts(actionOf(policy), edge))
    this.made[edge].set(policy, compiled)
    return compiled
  }
}

function httpParts(action: AuthorizationAction, edge: Edge): HttpParts {
  if (edge === 'requests') return 'keep'
  return action === 'ALLOW' ? 'drop' : 'widen'
}

function compile(policy: ConfigResource, trustDomains: TrustDomains, http: HttpParts): RbacPolicy | CustomRbacPolicy {
  const { namespace, name, annotations = {} } = policy.metadata
  const scope = { namespace, trustDomains }
  const { rules = [] } = specOf(policy)
  return {
    name: `${namespace}/${name}`,
    rules: rules.map((rule) => ruleCondition(rule, scope, http)).filter((rule) => rule !== undefined),
    ...(parseDryRun(annotations[DRY_RUN_ANNOTATION] ?? '') === true ? { dryRun: true } : {}),
    ...(actionOf(policy) === 'CUSTOM' ? { provider: providerOf(policy) } : {}),
  }
}
