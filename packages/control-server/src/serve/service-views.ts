import { resolveShortName, serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { MeshService, Model, ServiceInstance } from '../registry/model.ts'

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
  readonly health: 'HEALTHY'
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

interface Destination {
  readonly host?: string
  readonly subset?: string
}

interface HttpRoute {
  readonly match?: readonly unknown[]
  readonly route?: readonly { readonly destination?: Destination; readonly weight?: number }[]
}

export function serviceSummary(model: Model, service: MeshService): ServiceSummary {
  const { host, name, namespace } = service
  return {
    host,
    name,
    namespace,
    ports: service.ports.map((port) => ({ name: port.name, port: port.number, protocol: port.protocol })),
    subsets: subsetsOf(model, host),
    endpointCount: endpointsOf(model, service).length,
    split: splitOf(model, host),
  }
}

export function serviceView(model: Model, namespace: string, name: string): ServiceView | undefined {
  const service = model.services.get(serviceHost(name, namespace, model.domain))
  return service && { ...serviceSummary(model, service), endpoints: endpointsOf(model, service) }
}

/** An endpoint that serves several ports of the service is listed once for each place it listens at. */
function endpointsOf(model: Model, service: MeshService): EndpointView[] {
  const byId = new Map<string, EndpointView>()
  for (const { number } of service.ports) {
    for (const instance of model.instances(service.host, number)) {
      const view = endpointView(instance, number)
      if (!byId.has(view.id)) byId.set(view.id, view)
    }
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function endpointView({ workload, listenPort }: ServiceInstance, servicePort: number): EndpointView {
  const { id, address, labels, namespace, serviceAccount, locality, weight } = workload
  return {
    id: `${address.includes(':') ? `[${address}]` : address}:${listenPort}`,
    address,
    port: listenPort,
    servicePort,
    labels,
    health: 'HEALTHY',
    workload: { id, name: workload.workload ?? workload.service, namespace, serviceAccount },
    locality,
    weight,
  }
}

function subsetsOf(model: Model, host: string): SubsetView[] {
  const subsets = new Map<string, SubsetView>()
  for (const rule of model.destinationRules) {
    if (!names(rule, [rule.spec.host], host, model.domain)) continue
    for (const subset of (rule.spec.subsets ?? []) as { name: string; labels?: Record<string, string> }[]) {
      if (!subsets.has(subset.name)) subsets.set(subset.name, { name: subset.name, labels: subset.labels ?? {} })
    }
  }
  return [...subsets.values()]
}

/** The destinations of the first http route without conditions; a single one has all of it. */
function splitOf(model: Model, host: string): SplitView[] {
  const ruling = model.virtualServices.find((service) => names(service, service.spec.hosts, host, model.domain))
  const routes = (ruling?.spec.http ?? []) as readonly HttpRoute[]
  const rest = routes.find(({ match }) => match === undefined || match === null || match.length === 0)?.route ?? []
  return rest.map(({ destination, weight }) => ({
    subset: destination?.subset ?? '',
    weight: weight ?? (rest.length === 1 ? 100 : 0),
  }))
}

function names(resource: ConfigResource, hosts: unknown, host: string, domain: string): boolean {
  if (!Array.isArray(hosts)) return false
  const { namespace } = resource.metadata
  return hosts.some((each) => typeof each === 'string' && resolveShortName(each, namespace, domain) === host)
}
