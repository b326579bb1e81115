import type { ConfigResource } from '../config/resource.ts'
import type { Subset } from '../config/spec/destination-rule.ts'
import { freeName } from './free-name.ts'
import type { CanarySituation } from './plan-types.ts'
import { ruleSpecOf } from './subsets.ts'

/**
 * The DestinationRules to write so that every client finds these subsets: clients look into their own namespace first and
 * the first namespace with a rule for the host counts, so each that has one gets them, and the service's has one for sure.
 */
export function ensureSubsets(
  { service, destinationRules }: Pick<CanarySituation, 'service' | 'destinationRules'>,
  rules: readonly ConfigResource[],
  needed: readonly Subset[],
): ConfigResource[] {
  const namespaces = new Set([service.namespace, ...rules.map(({ metadata }) => metadata.namespace)])
  return [...namespaces].flatMap((namespace) => {
    const own = rules.filter(({ metadata }) => metadata.namespace === namespace)
    const defined = new Set(own.flatMap((rule) => (ruleSpecOf(rule).subsets ?? []).map(({ name }) => name)))
    const missing = needed.filter(({ name }) => !defined.has(name))
    if (missing.length === 0) return []
    const [oldest] = own
    if (oldest === undefined) return newRule(service.name, namespace, missing, destinationRules)
    const { subsets = [] } = ruleSpecOf(oldest)
    return { ...oldest, spec: { ...oldest.spec, subsets: [...subsets, ...missing] } }
  })
}

function newRule(
  service: string,
  namespace: string,
  subsets: readonly Subset[],
  existing: readonly ConfigResource[],
): ConfigResource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: freeName(service, namespace, existing), namespace },
    spec: { host: service, subsets },
  }
}
