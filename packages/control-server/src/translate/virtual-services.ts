import { resolveShortName } from '@weft/mesh-protocol'
import {
  delegatedMatches,
  MAX_DELEGATED_MATCHES,
  MAX_DELEGATED_MATCHES_OF_ALL,
  matchesIn,
} from '../config/delegation.ts'
import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { Destination, HttpRoute, RouteDestination, VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { delegateKey, mergeDelegate } from './delegates.ts'
import { isVisibleTo, type Visibility, visibilityOf, visibilityRank } from './export-to.ts'
import { HostMap, hostsMeant } from './host-map.ts'
import { type RouteAnnotations, routeAnnotations } from './marks.ts'

export interface VirtualService extends RouteAnnotations {
  readonly name: string
  readonly namespace: string
  readonly spec: VirtualServiceSpec
  /** The `http` routes with those of delegates in the places that name them; each has a name. */
  readonly http: readonly HttpRoute[]
  readonly visibility: Visibility
  /** RFC 3339; empty where it is not known. */
  readonly createdAt: string
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

/** What the index depends on besides the resources. */
export interface VirtualServiceSettings {
  readonly domain: string
  /** MeshConfig `defaultVirtualServiceExportTo`, for those without `exportTo`. */
  readonly defaultExportTo?: readonly string[]
}

/** `resources` come oldest first. */
export function indexVirtualServices(
  resources: readonly ConfigResource[],
  { domain, defaultExportTo }: VirtualServiceSettings,
): VirtualServiceIndex {
  const byHost = new HostMap<VirtualService>()
  const labelKeys = new Set<string>()
  const delegates = delegatesByKey(resources, domain, defaultExportTo)
  let leftOfAll = MAX_DELEGATED_MATCHES_OF_ALL
  for (const { metadata, spec: anySpec } of resources) {
    const spec = anySpec as VirtualServiceSpec
    if (!bindsMesh(spec.gateways)) continue
    const { name, namespace } = metadata
    const room = { left: Math.min(MAX_DELEGATED_MATCHES, leftOfAll) }
    const before = room.left
    const http = (spec.http ?? []).flatMap((route, index) => withDelegate(route, index, { namespace, delegates, room }))
    leftOfAll -= before - room.left
    const entry: VirtualService = {
      name,
      namespace,
      spec,
      http,
      visibility: visibilityOf(spec.exportTo, namespace, defaultExportTo),
      createdAt: metadata.creationTimestamp ?? '',
      ...routeAnnotations(metadata),
    }
    for (const host of spec.hosts ?? []) {
      for (const meant of hostsMeant(host, namespace, domain)) byHost.add(meant, entry)
    }
    for (const key of sourceLabelKeys(entry)) labelKeys.add(key)
  }
  return { labelKeys, find: (host, namespace) => orderForClient(byHost, host, namespace) }
}

interface DelegateRoutes {
  readonly routes: readonly HttpRoute[]
  readonly matches: number
  readonly visibility: Visibility
}

/** VirtualServices without hosts, by namespace and name. Their short names are meant in their own namespace. */
function delegatesByKey(
  resources: readonly ConfigResource[],
  domain: string,
  defaultExportTo: readonly string[] | undefined,
): ReadonlyMap<string, DelegateRoutes> {
  const found = new Map<string, DelegateRoutes>()
  for (const { metadata, spec: anySpec } of resources) {
    const spec = anySpec as VirtualServiceSpec
    if ((spec.hosts ?? []).length > 0) continue
    const { name, namespace } = metadata
    const resolve = (written: string): string => resolveShortName(written, namespace, domain)
    const routes = (spec.http ?? []).filter(({ delegate }) => delegate === undefined)
    found.set(delegateKey({ name }, namespace), {
      routes: routes.map((route) => withFullHosts(route, resolve)),
      matches: matchesIn(routes),
      visibility: visibilityOf(spec.exportTo, namespace, defaultExportTo),
    })
  }
  return found
}

/** What the delegates of a VirtualService are looked up by. */
interface Delegation {
  readonly namespace: string
  readonly delegates: ReadonlyMap<string, DelegateRoutes>
  /** How many matches may still come of it. */
  readonly room: { left: number }
}

/**
 * One level only: a delegate's own `delegate` is passed over, and so is a delegate that is not there or not exported, and what there
 * is no room for.
 */
function withDelegate(
  given: HttpRoute,
  index: number,
  { namespace, delegates, room }: Delegation,
): readonly HttpRoute[] {
  // What has no name is called by its place in the resource, which the merged list no longer tells.
  const route = { ...given, name: (given.name ?? '') === '' ? `http[${index}]` : (given.name as string) }
  if (route.delegate === undefined) return [route]
  const found = delegates.get(delegateKey(route.delegate, namespace))
  if (found === undefined || !isVisibleTo(found.visibility, namespace)) return []
  const matches = delegatedMatches(route, found.matches)
  if (matches > room.left) return []
  room.left -= matches
  return mergeDelegate(route, found.routes)
}

function withFullHosts(route: HttpRoute, resolve: (host: string) => string): HttpRoute {
  const full = (destination: Destination): Destination => ({ ...destination, host: resolve(destination.host) })
  const within = <T extends RouteDestination>(entry: T): T => ({ ...entry, destination: full(entry.destination) })
  return {
    ...route,
    ...(route.route === undefined ? {} : { route: route.route.map(within) }),
    ...(route.mirror === undefined ? {} : { mirror: full(route.mirror) }),
    ...(route.mirrors === undefined ? {} : { mirrors: route.mirrors.map(within) }),
  }
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
  const rank = ({ visibility, namespace: own }: VirtualService): number => visibilityRank(visibility, own, namespace)
  return values.filter(({ visibility }) => isVisibleTo(visibility, namespace)).sort((a, b) => rank(a) - rank(b))
}

function* sourceLabelKeys({ http, spec }: VirtualService): Generator<string> {
  for (const { match = [] } of [...http, ...(spec.tls ?? []), ...(spec.tcp ?? [])]) {
    for (const { sourceLabels = {} } of match) yield* Object.keys(sourceLabels)
  }
}
