import {
  type ClusterWeight,
  clusterName,
  DEFAULT_RETRY_POLICY,
  DEFAULT_ROUTE_TIMEOUT_MS,
  type Route,
  type RouteConfiguration,
  type VirtualHost,
} from '@weft/mesh-protocol'
import type { Destination, HttpMatchRequest, HttpRoute } from '../config/spec/virtual-service.ts'
import type { MeshService } from '../registry/model.ts'
import type { TranslateContext, Unversioned } from './context.ts'
import { joinMutations, translateHeaders } from './header-operations.ts'
import { destinationHost } from './host-map.ts'
import { milliseconds } from './milliseconds.ts'
import { retryPolicy } from './retry-policy.ts'
import { appliesTo, isCatchAll, routeMatch } from './route-match.ts'
import type { VirtualService } from './virtual-services.ts'

/** What is being routed: one service on one of its ports. */
interface Target {
  readonly service: MeshService
  readonly port: number
}

/** The routes of a host, as one client sees them; `undefined` where there is no such service. */
export function translateRoutes(context: TranslateContext, host: string): Unversioned<RouteConfiguration> | undefined {
  const service = context.model.services.get(host)
  if (service === undefined) return undefined
  return {
    type: 'RouteConfiguration',
    name: host,
    virtualHosts: service.ports.map(
      (port): VirtualHost => ({
        name: `${host}:${port.number}`,
        port: port.number,
        routes: routesOfPort(context, { service, port: port.number }, port.protocol !== 'tcp'),
      }),
    ),
  }
}

/**
 * The routes of the first VirtualService that has one for this client and port; where none has, everything goes to the
 * service. A VirtualService that has routes but no catch-all leaves the rest unanswered, as in Istio. Its `http` routes are
 * not for a port that speaks another protocol.
 */
function routesOfPort(context: TranslateContext, target: Target, http: boolean): readonly Route[] {
  const candidates = http ? context.policies.virtualServices.find(target.service.host, context.client.namespace) : []
  for (const virtualService of candidates) {
    const routes = virtualServiceRoutes(context, virtualService, target)
    if (routes.length > 0) return routes
  }
  return [defaultRoute(target)]
}

/** Istio `route.go` `BuildDefaultHTTPOutboundRoute`. */
function defaultRoute({ service, port }: Target): Route {
  const cluster = clusterName({ port, subset: '', host: service.host })
  return {
    name: 'default',
    match: {},
    route: {
      clusters: [{ cluster, weight: 1 }],
      timeoutMs: DEFAULT_ROUTE_TIMEOUT_MS,
      retryPolicy: DEFAULT_RETRY_POLICY,
    },
  }
}

/** In order up to the first that takes everything (Istio `route.go` `BuildHTTPRoutesForVirtualService`). */
function virtualServiceRoutes(context: TranslateContext, virtualService: VirtualService, target: Target): Route[] {
  const routes: Route[] = []
  for (const [index, http] of (virtualService.spec.http ?? []).entries()) {
    for (const [position, match] of matchBlocks(http).entries()) {
      if (!appliesTo(match, context.client, target.port)) continue
      const compiled = routeMatch(match)
      if ((http.route ?? []).length > 0) {
        const route = translateRoute(context, virtualService, target, http)
        routes.push({ name: routeName(http, match, index, position), match: compiled, ...route })
      }
      if (isCatchAll(compiled)) return routes
    }
  }
  return routes
}

/** Blocks are alternatives; no block at all always holds. */
function matchBlocks({ match }: HttpRoute): readonly HttpMatchRequest[] {
  return match === undefined || match.length === 0 ? [{}] : match
}

function routeName(http: HttpRoute, match: HttpMatchRequest, index: number, position: number): string {
  const name = (http.name ?? '') === '' ? `http[${index}]` : (http.name as string)
  const block = (match.name ?? '') === '' ? ((http.match ?? []).length > 1 ? `match[${position}]` : '') : match.name
  return block === '' ? name : `${name}.${block}`
}

/**
 * What a route does. The operations of an only destination and of its route are one list, the destination's last, so its
 * `set` counts; with several destinations the receiver runs the destination's first and the route's `set` counts (Istio
 * `route.go` `processDestination`, `processWeightedDestination`). An authority that the route sets goes before either.
 */
function translateRoute(
  context: TranslateContext,
  { namespace }: VirtualService,
  target: Target,
  http: HttpRoute,
): Omit<Route, 'name' | 'match'> {
  const forRoute = translateHeaders(http.headers)
  const destinations = http.route ?? []
  const only = destinations.length === 1 ? translateHeaders(destinations[0]?.headers) : undefined
  const hostRewrite = forRoute.hostRewrite ?? only?.hostRewrite
  const clusters = destinations.map(({ destination, weight, headers }): ClusterWeight => {
    const cluster = destinationCluster(context, namespace, target, destination)
    if (only !== undefined) return { cluster, weight: 1 }
    const own = translateHeaders(headers)
    const rewrite = hostRewrite === undefined ? own.hostRewrite : undefined
    return {
      cluster,
      weight: weight ?? 0,
      ...own.mutations,
      ...(rewrite === undefined ? {} : { hostRewrite: rewrite }),
    }
  })
  return {
    route: {
      clusters,
      timeoutMs: milliseconds(http.timeout) ?? DEFAULT_ROUTE_TIMEOUT_MS,
      retryPolicy: retryPolicy(http.retries),
      ...(hostRewrite === undefined ? {} : { hostRewrite }),
    },
    ...(only === undefined ? forRoute.mutations : joinMutations(forRoute.mutations, only.mutations)),
  }
}

/** Without a port: the destination's only one, else the port that was called (Istio `route.go` `GetDestinationCluster`). */
function destinationCluster(
  { model }: TranslateContext,
  namespace: string,
  target: Target,
  destination: Destination,
): string {
  const host = destinationHost(destination.host, namespace, model)
  const ports = model.services.get(host)?.ports ?? []
  const only = ports.length === 1 ? ports[0]?.number : undefined
  const port = destination.port?.number ?? only ?? target.port
  return clusterName({ port, subset: destination.subset ?? '', host })
}
