import {
  DEFAULT_RETRY_POLICY,
  DEFAULT_ROUTE_TIMEOUT_MS,
  fail,
  ok,
  type Result,
  type Route,
  type RouteAction,
  type RouteConfiguration,
  routedClusters,
  type Violation,
  type VirtualHost,
} from '@weft/mesh-protocol'
import { compileDestinations } from './compile-destination.ts'
import { compileMatch } from './compile-match.ts'
import { compileMutations } from './compile-mutations.ts'
import { compileDirectResponse, compileRedirect } from './compile-reply.ts'
import { compileTcpRoutes } from './compile-tcp-routes.ts'
import { createRouteFinder, type MatchableRoute } from './route-index.ts'
import type { CompiledRoute, MakeReply, RouteTable, VirtualHostTable } from './route-table.ts'

/** Where a route stands, and the port that its host is dialled at. */
interface RouteAt {
  readonly field: string
  readonly port: number
}

const NO_MUTATIONS = { mutations: {}, field: '' }

/**
 * Turns a RouteConfiguration of the right shape into a table that requests are matched with. What only shows now is
 * reported with its field: regexes that are no RE2 or too large, headers and paths that cannot be sent, a port named twice, weights
 * that are all zero.
 */
export function compileRouteConfiguration(config: RouteConfiguration): Result<RouteTable> {
  const violations: Violation[] = []
  const byPort = new Map<number, VirtualHostTable>()
  config.virtualHosts.forEach((host, index) => {
    const field = `virtualHosts[${index}]`
    if (byPort.has(host.port)) {
      violations.push({ field: `${field}.port`, message: `must be unique, but ${host.port} is named before` })
    }
    byPort.set(host.port, compileVirtualHost(host, field, violations))
  })
  if (violations.length > 0) return fail(violations)
  return ok({
    host: config.name,
    version: config.version,
    clusters: [...routedClusters(config)],
    forPort: (port) => byPort.get(port),
  })
}

function compileVirtualHost(host: VirtualHost, field: string, violations: Violation[]): VirtualHostTable {
  const routes = host.routes.map((route, index): MatchableRoute => {
    const at = `${field}.routes[${index}]`
    const { match } = route
    return {
      match: compileMatch(match, `${at}.match`, violations),
      path: match.caseSensitive === false ? undefined : match.path,
      route: compileRoute(route, { field: at, port: host.port }, violations),
    }
  })
  return {
    port: host.port,
    matchTcp: compileTcpRoutes(host, field, violations),
    match: createRouteFinder(routes),
  }
}

const NOT_FOUND_STATUS = 503

function compileRoute(route: Route, at: RouteAt, violations: Violation[]): CompiledRoute {
  const { route: action, redirect, directResponse, match } = route
  const { field, port } = at
  if (action !== undefined) return compileAction(route, action, at, violations)
  const mutations = compileMutations({ mutations: route, field }, NO_MUTATIONS, true, violations)
  const context = { path: match.path, port, mutations }
  if (redirect !== undefined) {
    return replying(route, compileRedirect(redirect, context, `${field}.redirect`, violations))
  }
  if (directResponse === undefined) throw new Error(`${field}: a route without an action has passed validation`)
  return replying(route, compileDirectResponse(directResponse, context, `${field}.directResponse`, violations))
}

function replying(route: Route, reply: MakeReply): CompiledRoute {
  return {
    name: route.name,
    timeoutMs: DEFAULT_ROUTE_TIMEOUT_MS,
    retryPolicy: DEFAULT_RETRY_POLICY,
    destinations: [],
    totalWeight: 0,
    reply,
    fault: route.fault,
    hedgeOnPerTryTimeout: false,
    clusterNotFoundStatus: NOT_FOUND_STATUS,
  }
}

function compileAction(
  route: Route,
  action: RouteAction,
  { field, port }: RouteAt,
  violations: Violation[],
): CompiledRoute {
  const destinations = compileDestinations({ route, action, field, port }, violations)
  const totalWeight = destinations.reduce((sum, { weight }) => sum + weight, 0)
  if (destinations.length > 1 && totalWeight === 0) {
    violations.push({ field: `${field}.route.clusters`, message: 'must have at least one weight above 0' })
  }
  return {
    name: route.name,
    timeoutMs: action.timeoutMs,
    retryPolicy: action.retryPolicy,
    destinations,
    totalWeight,
    reply: undefined,
    fault: route.fault,
    hedgeOnPerTryTimeout: action.hedgeOnPerTryTimeout ?? false,
    clusterNotFoundStatus: action.clusterNotFoundResponseCode ?? NOT_FOUND_STATUS,
  }
}
