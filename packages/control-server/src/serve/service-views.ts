import { formatLocality, type HealthStatus, serviceHost } from '@weft/mesh-protocol'
import { splitOf } from '../canary/split.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { Subset } from '../config/spec/destination-rule.ts'
import { definitionsOf } from '../registry/definitions.ts'
import type { MeshService, Model, ServiceInstance } from '../registry/model.ts'
import { translateEndpoint } from '../translate/endpoints.ts'
import { restOfRoutes } from '../translate/gateway/route-shares.ts'
import { GatewayRoutesNow } from './gateway-routes-now.ts'
import { PolicyByHost } from './policy-by-host.ts'

export interface SubsetView {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface EndpointView {
  /** `address:port`. */
  readonly id: string
  readonly address: string
  readonly port: number
  /** The service port that it serves. */
  readonly servicePort: number
  readonly labels: Readonly<Record<string, string>>
  /** What the control server knows: a registration that is renewed is healthy. */
  readonly health: HealthStatus
  readonly workload: {
    readonly id: string
    readonly name: string
    readonly namespace: string
    readonly serviceAccount: string
  }
  readonly locality: string
  readonly weight: number
}

/** A share of the traffic that no other rule takes. */
export interface SplitView {
  /** As it is written in the VirtualService; of an HTTPRoute or GRPCRoute the full host of the backend. */
  readonly host: string
  /** Empty where the destination is the host as a whole. */
  readonly subset: string
  readonly weight: number
}

/** One service in `GET /v1/services`. */
export interface ServiceSummary {
  readonly host: string
  readonly name: string
  readonly namespace: string
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[]
  readonly subsets: readonly SubsetView[]
  readonly endpointCount: number
  readonly split: readonly SplitView[]
}

/** `GET /v1/services/{ns}/{name}`. */
export interface ServiceView extends ServiceSummary {
  readonly endpoints: readonly EndpointView[]
}

/** Makes the views of one server; remembers between requests what it had to look for. */
export class ServiceViews {
  private readonly policies = new PolicyByHost()
  private readonly routes = new GatewayRoutesNow()

  summary(model: Model, service: MeshService): ServiceSummary {
    return this.summaryOf(model, service, endpointsOf(model, service))
  }

  view(model: Model, namespace: string, name: string): ServiceView | undefined {
    const service = serviceNamed(model, namespace, name)
    if (service === undefined) return undefined
    const endpoints = endpointsOf(model, service)
    return { ...this.summaryOf(model, service, endpoints), endpoints }
  }

  private summaryOf(model: Model, service: MeshService, endpoints: readonly EndpointView[]): ServiceSummary {
    const { host, name, namespace, ports } = service
    return {
      host,
      name,
      namespace,
      ports: ports.map((port) => ({ name: port.name, port: port.number, protocol: port.protocol })),
      subsets: subsetsOf(this.policies.destinationRulesOf(model, host)),
      endpointCount: endpoints.length,
      split: this.splitOf(model, service),
    }
  }

  /** An HTTPRoute or GRPCRoute of the service's namespace goes before a VirtualService, for callers there. */
  private splitOf(model: Model, service: MeshService): readonly SplitView[] {
    const backends = restOfRoutes(this.routes.of(model), service, model.domain)
    if (backends !== undefined) {
      return backends.map(({ host, weight }) => ({ host, subset: '', weight: backends.length === 1 ? 100 : weight }))
    }
    const virtualService = this.policies.virtualServiceOf(model, service.host)
    return virtualService === undefined ? [] : sharesOfRest(virtualService)
  }
}

/** A service by its name; one of ServiceEntries by its host. */
function serviceNamed(model: Model, namespace: string, name: string): MeshService | undefined {
  const own = model.services.get(serviceHost(name, namespace, model.domain))
  return own ?? definitionsOf(model, name.toLowerCase()).find((service) => service.namespace === namespace)
}

/** An endpoint that serves several ports of the service is listed once for each place it listens at. */
function endpointsOf(model: Model, service: MeshService): EndpointView[] {
  const byId = new Map<string, EndpointView>()
  for (const { number } of service.ports) {
    for (const instance of model.instances(service.host, number, service.entry)) {
      const view = endpointView(instance, number)
      if (!byId.has(view.id)) byId.set(view.id, view)
    }
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** As clients see it, with the registration behind it. */
function endpointView(instance: ServiceInstance, servicePort: number): EndpointView {
  const { id, address, port, labels, weight, healthStatus, locality, workload } = translateEndpoint(instance)
  return {
    id,
    address,
    port,
    servicePort,
    labels,
    health: healthStatus,
    workload: { id: instance.workload.id, ...workload },
    locality: formatLocality(locality),
    weight,
  }
}

/** Of several with one name the first counts, as in Istio. */
function subsetsOf(rules: readonly ConfigResource[]): SubsetView[] {
  const subsets = new Map<string, SubsetView>()
  for (const { spec } of rules) {
    for (const { name, labels = {} } of (spec as { readonly subsets?: readonly Subset[] }).subsets ?? []) {
      if (!subsets.has(name)) subsets.set(name, { name, labels })
    }
  }
  return [...subsets.values()]
}

/** Destinations of the route that takes what no other does; a single one has all of it. */
function sharesOfRest(virtualService: ConfigResource): SplitView[] {
  const split = splitOf(virtualService)
  if (!split.ok) return []
  const { destinations } = split.value
  return destinations.map(({ destination, weight = 0 }) => ({
    host: destination.host,
    subset: destination.subset ?? '',
    weight: destinations.length === 1 ? 100 : weight,
  }))
}
