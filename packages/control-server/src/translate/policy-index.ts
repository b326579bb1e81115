import type { Model } from '../registry/model.ts'
import { type CircuitBreakerIndex, indexCircuitBreakers } from './circuit-breakers.ts'
import { type DestinationRuleIndex, indexDestinationRules } from './destination-rules.ts'
import { indexVirtualServices, type VirtualServiceIndex } from './virtual-services.ts'

/** The policies of one model, ready to be looked up. Immutable. */
export interface PolicyIndex {
  readonly virtualServices: VirtualServiceIndex
  readonly destinationRules: DestinationRuleIndex
  readonly circuitBreakers: CircuitBreakerIndex
  /** The labels of a client that some policy asks for. */
  readonly clientLabelKeys: ReadonlySet<string>
  /** What it was made from. */
  readonly model: Pick<Model, 'domain' | 'virtualServices' | 'destinationRules' | 'circuitBreakers'>
}

/** Indexes anew only the kinds whose list is not the one of `before`. */
export function indexPolicies(model: Model, before?: PolicyIndex): PolicyIndex {
  const { domain, virtualServices, destinationRules, circuitBreakers } = model
  const old = before?.model.domain === domain ? before : undefined
  const forRoutes =
    old?.model.virtualServices === virtualServices ? old.virtualServices : indexVirtualServices(virtualServices, domain)
  const forClusters =
    old?.model.destinationRules === destinationRules
      ? old.destinationRules
      : indexDestinationRules(destinationRules, domain)
  return {
    virtualServices: forRoutes,
    destinationRules: forClusters,
    circuitBreakers:
      old?.model.circuitBreakers === circuitBreakers
        ? old.circuitBreakers
        : indexCircuitBreakers(circuitBreakers, domain),
    clientLabelKeys: new Set([...forRoutes.labelKeys, ...forClusters.labelKeys].sort()),
    model: { domain, virtualServices, destinationRules, circuitBreakers },
  }
}
