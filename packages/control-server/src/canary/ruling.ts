import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { coversHost, meansHost } from './hosts.ts'
import type { CanaryRefusal, CanarySituation } from './plan-types.ts'

const MESH_GATEWAY = 'mesh'

export const specOf = (resource: ConfigResource): VirtualServiceSpec => resource.spec as VirtualServiceSpec

export const nameOf = ({ metadata }: ConfigResource): string => `${metadata.namespace}/${metadata.name}`

type Where = Pick<CanarySituation, 'service' | 'domain' | 'virtualServices'>

/** The one VirtualService that names the service's host for the mesh; `undefined` where there is none. */
export function rulingVirtualService({
  service,
  domain,
  virtualServices,
}: Where): Result<ConfigResource | undefined, CanaryRefusal> {
  const ofMesh = virtualServices.filter((resource) => isOfMesh(specOf(resource)))
  const ruling = ofMesh.filter((resource) =>
    (specOf(resource).hosts ?? []).some((host) => meansHost(host, service.host, resource.metadata.namespace, domain)),
  )
  if (ruling.length > 1) {
    return conflict(
      `${service.host} is ruled by several VirtualServices, ${ruling.map(nameOf).join(' and ')}: leave one that names it`,
    )
  }
  const [only] = ruling
  if (only !== undefined) return ok(only)
  const wildcard = ofMesh.find((resource) =>
    (specOf(resource).hosts ?? []).some((host) => coversHost(host, service.host)),
  )
  if (wildcard === undefined) return ok(undefined)
  return conflict(
    `${service.host} is ruled by VirtualService ${nameOf(wildcard)} through a wildcard, whose rules one of its own would replace: write a VirtualService that names ${service.host} first`,
  )
}

function isOfMesh({ gateways = [] }: VirtualServiceSpec): boolean {
  return gateways.length === 0 || gateways.includes(MESH_GATEWAY)
}

const conflict = (message: string): Result<never, CanaryRefusal> => fail({ status: 409, message })
