import {
  type ClusterWeight,
  DEFAULT_ROUTE_TIMEOUT_MS,
  type Route,
  type RouteAction,
  type RouteMatch,
} from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { HttpMatchRequest, HttpRoute, HttpRouteDestination } from '../config/spec/virtual-service.ts'
import type { TranslateContext } from './context.ts'
import { destinationCluster, hashesRequests } from './destination-cluster.ts'
import { routeFault } from './fault.ts'
import { joinMutations, translateHeaders } from './header-operations.ts'
import { mirrorPolicies } from './mirrors.ts'
import { directResponseAction, redirectAction } from './redirect.ts'
import { retryPolicy } from './retry-policy.ts'
import { matchToRewrite, routeRewrite } from './rewrite.ts'
import { appliesTo, isCatchAll, routeMatch } from './route-match.ts'
import type { VirtualService } from './virtual-services.ts'

/** What a route does, without its name and condition. */
type RouteEffect = Omit<Route, 'name' | 'match'>

/**
 * The routes that a VirtualService gives a client for calls on a port, in order up to the first that takes everything,
 * whatever that does (Istio `route.go` `BuildHTTPRoutesForVirtualService`).
 */
export function virtualServiceRoutes(context: TranslateContext, virtualService: VirtualService, port: number): Route[] {
  const routes: Route[] = []
  for (const http of virtualService.http) {
    const effect = routeEffect(context, virtualService, port, http)
    for (const [position, block] of matchBlocks(http).entries()) {
      if (!appliesTo(block, context.client, port)) continue
      const match = routeMatch(block)
      if (effect !== undefined) {
        routes.push({ name: routeName(http, block, position), match: matchFor(match, effect), ...effect })
      }
      if (isCatchAll(match)) return routes
    }
  }
  return routes
}

/** Blocks are alternatives; no block at all always holds. */
export function matchBlocks({ match }: Pick<HttpRoute, 'match'>): readonly HttpMatchRequest[] {
  return match === undefined || match.length === 0 ? [{}] : match
}

/** The name of the route, and of which of its blocks where it has several. */
export function routeName({ name = '', match = [] }: HttpRoute, block: HttpMatchRequest, position: number): string {
  const own = (block.name ?? '') === '' ? (match.length > 1 ? `match[${position}]` : '') : block.name
  return own === '' ? name : `${name}.${own}`
}

function matchFor(match: RouteMatch, { route, redirect }: RouteEffect): RouteMatch {
  return (route?.prefixRewrite ?? redirect?.prefixRewrite) === undefined ? match : matchToRewrite(match)
}

/**
 * `undefined`: nothing, where a delegate's route has no action or the redirect cannot be made. A redirect goes before a
 * fixed response and both before destinations (Istio `route.go` `TranslateRoute`).
 */
function routeEffect(
  context: TranslateContext,
  virtualService: VirtualService,
  port: number,
  http: HttpRoute,
): RouteEffect | undefined {
  const fault = routeFault(http.fault)
  const forAll = { ...translateHeaders(http.headers).mutations, ...(fault === undefined ? {} : { fault }) }
  if (http.redirect !== undefined) {
    const redirect = redirectAction(http.redirect, port)
    return redirect === undefined ? undefined : { redirect, ...forAll }
  }
  if (http.directResponse !== undefined) {
    const directResponse = directResponseAction(http.directResponse)
    return directResponse === undefined ? undefined : { directResponse, ...forAll }
  }
  const [first, ...others] = http.route ?? []
  if (first === undefined) return undefined
  return others.length === 0
    ? toOne(context, virtualService, port, http, first, forAll)
    : toSeveral(context, virtualService, port, http, forAll)
}

/**
 * The operations of an only destination and of its route are one list, the destination's last, so its `set` counts (Istio
 * `route.go` `processDestination`). An authority that the route sets goes before the destination's.
 */
function toOne(
  context: TranslateContext,
  virtualService: VirtualService,
  port: number,
  http: HttpRoute,
  only: HttpRouteDestination,
  forAll: RouteEffect,
): RouteEffect {
  const own = translateHeaders(only.headers)
  const cluster = destinationCluster(context, virtualService.namespace, port, only.destination)
  const authority = translateHeaders(http.headers).hostRewrite ?? own.hostRewrite
  const clusters = [{ cluster, weight: 1, ...markOf(virtualService, only) }]
  return {
    route: routeAction(context, virtualService, port, http, clusters, authority),
    ...forAll,
    ...joinMutations(forAll, own.mutations),
  }
}

/** The receiver runs a destination's operations first, so that the route's `set` counts (`processWeightedDestination`). */
function toSeveral(
  context: TranslateContext,
  virtualService: VirtualService,
  port: number,
  http: HttpRoute,
  forAll: RouteEffect,
): RouteEffect {
  const authority = translateHeaders(http.headers).hostRewrite
  const routeWins = (http.rewrite?.authority ?? '') !== '' || authority !== undefined
  const clusters = (http.route ?? []).map((destination): ClusterWeight => {
    const own = translateHeaders(destination.headers)
    return {
      cluster: destinationCluster(context, virtualService.namespace, port, destination.destination),
      weight: destination.weight ?? 0,
      ...own.mutations,
      ...(own.hostRewrite === undefined || routeWins ? {} : { hostRewrite: own.hostRewrite }),
      ...markOf(virtualService, destination),
    }
  })
  return { route: routeAction(context, virtualService, port, http, clusters, authority), ...forAll }
}

function routeAction(
  context: TranslateContext,
  { namespace, hedge }: VirtualService,
  port: number,
  http: HttpRoute,
  clusters: readonly ClusterWeight[],
  authority: string | undefined,
): RouteAction {
  const mirrors = mirrorPolicies(http, (destination) => destinationCluster(context, namespace, port, destination))
  return {
    clusters,
    timeoutMs: milliseconds(http.timeout) ?? DEFAULT_ROUTE_TIMEOUT_MS,
    retryPolicy: retryPolicy(http.retries, {
      meshDefault: context.model.mesh.defaultHttpRetryPolicy,
      consistentHash: clusters.some(({ cluster }) => hashesRequests(context, cluster)),
    }),
    ...routeRewrite(http.rewrite, authority),
    ...(mirrors.length === 0 ? {} : { requestMirrorPolicies: mirrors }),
    ...(hedge ? { hedgeOnPerTryTimeout: true } : {}),
  }
}

function markOf({ markKey }: VirtualService, { destination }: HttpRouteDestination): Pick<ClusterWeight, 'mark'> {
  const subset = destination.subset ?? ''
  return markKey === undefined || subset === '' ? {} : { mark: { key: markKey, value: subset } }
}
