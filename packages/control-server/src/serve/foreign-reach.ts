import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import type { MeshSettings } from '../registry/mesh-settings.ts'
import { serviceOfResource } from '../registry/service-resource.ts'
import { visibilityOf } from '../translate/export-to.ts'
import { hostsMeant } from '../translate/host-map.ts'

/** What says whom a resource holds for. */
export interface ReachContext {
  readonly domain: string
  readonly mesh: Pick<MeshSettings, 'defaultServiceExportTo' | 'defaultVirtualServiceExportTo'>
}

/** What a resource says of what is to be called, and to whom. */
interface Claim {
  readonly hosts: readonly string[]
  /** Virtual addresses: calls to them become calls to it. */
  readonly addresses: readonly string[]
  readonly exportTo: readonly string[] | undefined
  readonly byDefault: readonly string[]
  /** How people say that it is for its own namespace only. */
  readonly toNarrow: string
}

/**
 * Why somebody who may write in these namespaces only may not write this, in a sentence; `undefined`: it holds for nobody else,
 * or is about services of these namespaces. Routes and entries of any namespace take effect at the callers of all, so that whoever
 * has one namespace could otherwise lead away the calls of the others, and past mutual TLS. Kinds that are not looked at stay with
 * the callers, the services or the workloads of their own namespace by themselves.
 */
export function foreignReach(
  resource: ConfigResource,
  namespaces: readonly string[],
  context: ReachContext,
): string | undefined {
  const { kind, metadata } = resource
  const claim = claimOf(resource, context)
  if (claim === undefined) return undefined
  const visibility = visibilityOf(claim.exportTo, metadata.namespace, claim.byDefault)
  const staysHome = visibility !== 'public' && [...visibility].every((namespace) => namespaces.includes(namespace))
  if (staysHome) return undefined
  const isOwn = (host: string): boolean => namespaces.some((own) => host.endsWith(`.${own}.svc.${context.domain}`))
  const meant = claim.hosts.flatMap((host) => hostsMeant(host, metadata.namespace, context.domain))
  const foreign = [...meant.filter((host) => !isOwn(host)), ...claim.addresses]
  if (foreign.length === 0) return undefined
  return (
    `This credential may write in ${namespaces.join(', ')}, and ${kind} ${metadata.namespace}/${metadata.name} would say what ` +
    `${foreign[0]} is to callers of other namespaces: ${claim.toNarrow}, or leave it to an operator without namespaces.`
  )
}

// `cart.shop` is a service to callers of the mesh and a host of the internet to all.
const BY_FIELD = 'say exportTo: ["."], name a service of its own alone or in full'

function claimOf(
  { kind, spec, metadata, ...resource }: ConfigResource,
  { domain, mesh }: ReachContext,
): Claim | undefined {
  switch (kind) {
    case 'VirtualService': {
      const { hosts = [], gateways, exportTo } = spec as VirtualServiceSpec
      const byDefault = mesh.defaultVirtualServiceExportTo
      return bindsMesh(gateways) ? { hosts, addresses: [], exportTo, byDefault, toNarrow: BY_FIELD } : undefined
    }
    case 'ServiceEntry': {
      const { hosts = [], addresses = [], exportTo } = spec as Partial<Claim>
      return { hosts, addresses, exportTo, byDefault: mesh.defaultServiceExportTo, toNarrow: BY_FIELD }
    }
    case 'Service': {
      const { addresses = [], exportTo } = serviceOfResource({ kind, spec, metadata, ...resource }, domain)
      const toNarrow = 'leave clusterIP out or annotate it with networking.istio.io/exportTo: "."'
      return { hosts: [], addresses, exportTo, byDefault: mesh.defaultServiceExportTo, toNarrow }
    }
    default:
      return undefined
  }
}
