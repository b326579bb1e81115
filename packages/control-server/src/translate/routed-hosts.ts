import { expandServiceHost, parseServiceHost, resolveShortName } from '@weft/mesh-protocol'
import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { wildcardsOver } from '../registry/known-hosts.ts'
import type { MeshService, Model, ServicePort } from '../registry/model.ts'
import type { ClientScope } from './client-scope.ts'
import { type Visibility, visibilityOf } from './export-to.ts'
import type { VirtualService, VirtualServiceIndex } from './virtual-services.ts'

/*
 * Hosts that are no services but that VirtualServices route, as in Istio: `api.example.com` may lead to services of the
 * mesh though nobody serves it (`route.go` `buildSidecarVirtualHostsForVirtualService`).
 */

/** In full, as written in the VirtualServices that bind to the mesh. */
export function virtualServiceHosts(resources: readonly ConfigResource[], domain: string): ReadonlySet<string> {
  const hosts = new Set<string>()
  for (const { metadata, spec } of resources) {
    for (const host of hostsOf(spec as VirtualServiceSpec, metadata.namespace, domain)) hosts.add(host)
  }
  return hosts
}

function hostsOf({ hosts = [], gateways }: VirtualServiceSpec, namespace: string, domain: string): string[] {
  return bindsMesh(gateways) ? hosts.map((host) => resolveShortName(host.toLowerCase(), namespace, domain)) : []
}

/** What the look-up of such a host depends on. */
interface Context {
  readonly model: Pick<Model, 'services' | 'domain'>
  readonly policies: { readonly virtualServices: Pick<VirtualServiceIndex, 'find'> }
  readonly client: ClientScope
}

/** Such a host as a service that has no endpoints; `undefined`: it is a service, or nothing that the client may see routes it. */
export function routedHost({ model, policies, client }: Context, host: string): MeshService | undefined {
  const { services, domain } = model
  if (services.has(expandServiceHost(host, '', domain))) return undefined
  const named = policies.virtualServices
    .find(host, client.namespace)
    .find(({ spec, namespace, http }) => http.length > 0 && hostsOf(spec, namespace, domain).includes(host))
  if (named === undefined) return undefined
  const covering = wildcardsOver(host)
    .map((wildcard) => services.get(wildcard))
    .find((service) => service !== undefined)
  return {
    host,
    name: parseServiceHost(host, domain)?.name ?? host,
    namespace: named.namespace,
    selector: undefined,
    ports: covering?.ports.filter(({ protocol }) => protocol !== 'tcp') ?? portsOf(named),
  }
}

/** There is no listener to tell on which ports: 80, and those that the routes name. */
function portsOf({ http }: VirtualService): ServicePort[] {
  const numbers = new Set([80])
  for (const { match = [], route = [] } of http) {
    for (const { port } of match) if (port !== undefined && port !== 0) numbers.add(port)
    for (const { destination } of route)
      if (destination.port?.number !== undefined) numbers.add(destination.port.number)
  }
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => ({ name: '', number, protocol: 'http', targetPort: number }))
}

/** To whom such hosts are visible that not everybody sees. */
export function* privateAudiences({
  virtualServices,
  services,
  domain,
  mesh,
}: Pick<Model, 'virtualServices' | 'services' | 'domain' | 'mesh'>): Generator<Exclude<Visibility, 'public'>> {
  for (const { metadata, spec: anySpec } of virtualServices) {
    const spec = anySpec as VirtualServiceSpec
    const { namespace } = metadata
    const visibility = visibilityOf(spec.exportTo, namespace, mesh.defaultVirtualServiceExportTo)
    if (visibility === 'public') continue
    if (hostsOf(spec, namespace, domain).some((host) => !services.has(host))) yield visibility
  }
}
