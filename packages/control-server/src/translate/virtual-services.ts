import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { isVisibleTo, type Visibility, visibilityOf } from './export-to.ts'
import { HostMap, hostsMeant } from './host-map.ts'

export interface VirtualService {
  readonly name: string
  readonly namespace: string
  readonly spec: VirtualServiceSpec
  readonly visibility: Visibility
}

/** The VirtualServices that bind to the mesh, by host. */
export interface VirtualServiceIndex {
  /**
   * Those that may rule `host` for clients of `namespace`, to be tried in order until one has a route for the client and
   * the port (see {@link orderForClient}).
   */
  find(host: string, namespace: string): readonly VirtualService[]
  /** Keys of `sourceLabels`: what the outcome depends on besides the client's namespace. */
  readonly labelKeys: ReadonlySet<string>
}

/** `resources` come oldest first. */
export function indexVirtualServices(resources: readonly ConfigResource[], domain: string): VirtualServiceIndex {
  const byHost = new HostMap<VirtualService>()
  const labelKeys = new Set<string>()
  for (const { metadata, spec: anySpec } of resources) {
    const spec = anySpec as VirtualServiceSpec
    if (!bindsMesh(spec.gateways)) continue
    const { name, namespace } = metadata
    const entry: VirtualService = { name, namespace, spec, visibility: visibilityOf(spec.exportTo, namespace) }
    for (const host of spec.hosts ?? []) {
      for (const meant of hostsMeant(host, namespace, domain)) byHost.add(meant, entry)
    }
    for (const key of sourceLabelKeys(spec)) labelKeys.add(key)
  }
  return { labelKeys, find: (host, namespace) => orderForClient(byHost, host, namespace) }
}

/**
 * Istio keeps every VirtualService that names the host itself and drops later duplicates of a domain, so the first that
 * yields routes wins; of those with a wildcard only the first of the most specific wildcard is looked at (`route.go`
 * `separateVSHostsAndServices`, `sidecar.go` `computeWildcardHostVirtualServiceIndex`). "First" is: private to the client's
 * namespace, then exported to it by name, then public; in each the oldest (`push_context.go` `VirtualServicesForGateway`).
 */
function orderForClient(byHost: HostMap<VirtualService>, host: string, namespace: string): readonly VirtualService[] {
  const exact = visibleInOrder(byHost.getExact(host), namespace)
  if (exact.length > 0) return exact
  for (const values of byHost.wildcards(host)) {
    const visible = visibleInOrder(values, namespace)
    if (visible.length > 0) return visible.slice(0, 1)
  }
  return []
}

function visibleInOrder(values: readonly VirtualService[], namespace: string): VirtualService[] {
  const rank = ({ visibility, namespace: own }: VirtualService): number =>
    visibility === 'public' ? 2 : own === namespace ? 0 : 1
  return values.filter(({ visibility }) => isVisibleTo(visibility, namespace)).sort((a, b) => rank(a) - rank(b))
}

function* sourceLabelKeys(spec: VirtualServiceSpec): Generator<string> {
  for (const route of spec.http ?? []) {
    for (const match of route.match ?? []) yield* Object.keys(match.sourceLabels ?? {})
  }
}
