import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { CircuitBreakerSpec } from '../config/spec/circuit-breaker.ts'
import { HostMap, hostsMeant } from './host-map.ts'

export interface CircuitBreaker {
  readonly namespace: string
  readonly spec: CircuitBreakerSpec
}

export interface CircuitBreakerIndex {
  /** The breaker of one subset (or of the whole, with an empty subset) of a service, as clients of `namespace` see it. */
  find(
    service: { readonly host: string; readonly namespace: string },
    subset: string,
    namespace: string,
  ): CircuitBreaker | undefined
}

/** `resources` come oldest first. */
export function indexCircuitBreakers(resources: readonly ConfigResource[], domain: string): CircuitBreakerIndex {
  const byNamespace = new Map<string, HostMap<CircuitBreaker>>()
  for (const { metadata, spec } of resources) {
    const { namespace } = metadata
    const breaker = { namespace, spec: spec as CircuitBreakerSpec & typeof spec }
    const map = byNamespace.get(namespace) ?? new HostMap<CircuitBreaker>()
    byNamespace.set(namespace, map)
    for (const host of hostsMeant(breaker.spec.host, namespace, domain)) map.add(host, breaker)
  }
  return {
    find({ host, namespace: serviceNamespace }, subset, namespace) {
      // The order in which DestinationRules are looked up.
      for (const owner of [namespace, serviceNamespace, ROOT_NAMESPACE]) {
        const found = choose(byNamespace.get(owner)?.lookUp(host) ?? [], subset)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** The oldest for this very subset, else the oldest for the whole host. */
function choose(breakers: readonly CircuitBreaker[], subset: string): CircuitBreaker | undefined {
  const forSubset = subset === '' ? undefined : breakers.find(({ spec }) => spec.subset === subset)
  return forSubset ?? breakers.find(({ spec }) => (spec.subset ?? '') === '')
}
