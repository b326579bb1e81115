import type { Model } from '../registry/model.ts'
import { CompiledPolicies } from './authorization/compiled-policies.ts'
import { trustDomainsOf } from './authorization/trust-domains.ts'
import { type CircuitBreakerIndex, indexCircuitBreakers } from './circuit-breakers.ts'
import { type DestinationRuleIndex, indexDestinationRules } from './destination-rules.ts'
import { indexRetryBudgets, type RetryBudgetIndex } from './gateway/retry-budgets.ts'
import { type GatewayRouteIndex, indexGatewayRoutes } from './gateway/route-index.ts'
import { indexLoadBalancers, type LoadBalancerIndex } from './load-balancers.ts'
import { indexPeerAuthentications, type PeerAuthenticationIndex } from './peer-authentication.ts'
import { virtualServiceHosts } from './routed-hosts.ts'
import { indexSidecars, type SidecarIndex } from './sidecar-scope.ts'
import { indexVirtualServices, type VirtualServiceIndex } from './virtual-services.ts'

/** The policies of one model, ready to be looked up. Immutable. */
export interface PolicyIndex {
  readonly virtualServices: VirtualServiceIndex
  /** Their hosts, in full. */
  readonly virtualServiceHosts: ReadonlySet<string>
  readonly destinationRules: DestinationRuleIndex
  readonly circuitBreakers: CircuitBreakerIndex
  readonly loadBalancers: LoadBalancerIndex
  readonly gatewayRoutes: GatewayRouteIndex
  readonly retryBudgets: RetryBudgetIndex
  readonly sidecars: SidecarIndex
  readonly peerAuthentications: PeerAuthenticationIndex
  readonly authorization: CompiledPolicies
  /** The labels of a client that some policy asks for. */
  readonly clientLabelKeys: ReadonlySet<string>
  /** What it was made from. */
  readonly model: IndexedModel
}

/** What an index may be made from: all of it that can change. */
type IndexedModel = Omit<
  Model,
  'revision' | 'services' | 'contested' | 'aliases' | 'addresses' | 'workloads' | 'readinessProbes' | 'instances'
>

/** Indexes anew only what is made from something that is not as in `before`. */
export function indexPolicies(model: Model, before?: PolicyIndex): PolicyIndex {
  const { domain, mesh } = model
  const same = (...from: readonly (keyof IndexedModel)[]): PolicyIndex | undefined =>
    before !== undefined && from.every((key) => before.model[key] === model[key]) ? before : undefined
  const virtualServices =
    same('domain', 'mesh', 'virtualServices')?.virtualServices ??
    indexVirtualServices(model.virtualServices, { domain, defaultExportTo: mesh.defaultVirtualServiceExportTo })
  const destinationRules =
    same('domain', 'mesh', 'destinationRules')?.destinationRules ??
    indexDestinationRules(model.destinationRules, domain, mesh.defaultDestinationRuleExportTo)
  const sidecars = same('sidecars')?.sidecars ?? indexSidecars(model.sidecars)
  return {
    virtualServices,
    virtualServiceHosts:
      same('domain', 'virtualServices')?.virtualServiceHosts ?? virtualServiceHosts(model.virtualServices, domain),
    destinationRules,
    circuitBreakers:
      same('domain', 'circuitBreakers')?.circuitBreakers ?? indexCircuitBreakers(model.circuitBreakers, domain),
    loadBalancers: same('domain', 'loadBalancers')?.loadBalancers ?? indexLoadBalancers(model.loadBalancers, domain),
    gatewayRoutes:
      same('domain', 'httpRoutes', 'grpcRoutes', 'tlsRoutes', 'tcpRoutes')?.gatewayRoutes ??
      indexGatewayRoutes(model, domain),
    retryBudgets:
      same('domain', 'backendTrafficPolicies')?.retryBudgets ?? indexRetryBudgets(model.backendTrafficPolicies, domain),
    sidecars,
    peerAuthentications:
      same('peerAuthentications')?.peerAuthentications ?? indexPeerAuthentications(model.peerAuthentications),
    authorization: same('mesh')?.authorization ?? new CompiledPolicies(trustDomainsOf(mesh)),
    clientLabelKeys: new Set(
      [...virtualServices.labelKeys, ...destinationRules.labelKeys, ...sidecars.labelKeys].sort(),
    ),
    model,
  }
}
