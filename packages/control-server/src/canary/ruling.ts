import { fail, ok, type Result, type ServiceRef } from '@weft/mesh-protocol'
import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import { type CommonRouteSpec, isServiceParent } from '../config/spec/gateway/references.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { coversHost, meansHost } from './hosts.ts'
import type { CanaryRefusal, CanarySituation } from './plan-types.ts'

export const specOf = (resource: ConfigResource): VirtualServiceSpec => resource.spec as VirtualServiceSpec

export const nameOf = ({ metadata }: ConfigResource): string => `${metadata.namespace}/${metadata.name}`

type Where = Pick<CanarySituation, 'service' | 'domain' | 'virtualServices' | 'requestRoutes'>

/**
 * The one VirtualService that names the service's host for the mesh; `undefined` where there is none. Refused where an HTTPRoute
 * or GRPCRoute of the service's own namespace, which is for all callers, rules it.
 */
export function rulingVirtualService({
  service,
  domain,
  virtualServices,
  requestRoutes,
}: Where): Result<ConfigResource | undefined, CanaryRefusal> {
  const route = requestRoutes.find((resource) => isProducerRoute(resource, service))
  if (route !== undefined) {
    return conflict(
      `${route.kind} ${nameOf(route)} rules ${service.host}: give its backendRefs weights there, or delete it`,
    )
  }
  const ofMesh = virtualServices.filter((resource) => bindsMesh(specOf(resource).gateways))
  const ruling = ofMesh.filter((resource) =>
    (specOf(resource).hosts ?? []).some((host) => meansHost(host, service.host, resource.metadata.namespace, domain)),
  )
  if (ruling.length > 1) {
    return conflict(
      `several VirtualServices rule ${service.host}, ${ruling.map(nameOf).join(' and ')}: leave one that names it`,
    )
  }
  const [only] = ruling
  if (only !== undefined) return ok(only)
  const wildcard = ofMesh.find((resource) =>
    (specOf(resource).hosts ?? []).some((host) => coversHost(host, service.host)),
  )
  if (wildcard === undefined) return ok(undefined)
  return conflict(
    `VirtualService ${nameOf(wildcard)} rules ${service.host} through a wildcard, and one of its own would replace those rules: write a VirtualService that names ${service.host} first`,
  )
}

/** HTTPRoutes and GRPCRoutes that callers of other namespaces follow instead: those feel nothing of a canary. */
export function consumerRouteWarnings({ service, requestRoutes }: Pick<Where, 'service' | 'requestRoutes'>): string[] {
  return requestRoutes
    .filter((resource) => resource.metadata.namespace !== service.namespace && attachesTo(resource, service))
    .map(
      (resource) =>
        `callers in the namespace ${resource.metadata.namespace} follow ${resource.kind} ${nameOf(resource)} and feel nothing of this`,
    )
}

function isProducerRoute(resource: ConfigResource, service: ServiceRef): boolean {
  return resource.metadata.namespace === service.namespace && attachesTo(resource, service)
}

function attachesTo({ metadata, spec }: ConfigResource, { name, namespace }: ServiceRef): boolean {
  return ((spec as CommonRouteSpec).parentRefs ?? []).some(
    (parent) =>
      isServiceParent(parent) && parent.name === name && (parent.namespace ?? metadata.namespace) === namespace,
  )
}

const conflict = (message: string): Result<never, CanaryRefusal> => fail({ status: 409, message })
