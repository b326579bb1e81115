import {
  fail,
  ok,
  type Result,
  type Route,
  type RouteConfiguration,
  routedClusters,
  type Violation,
  type VirtualHost,
} from '@weft/mesh-protocol'
import { type CompiledMatch, compileMatch, matches } from './compile-match.ts'
import { compileMutations } from './compile-mutations.ts'
import { withoutQuery } from './request-value.ts'
import type { CompiledDestination, CompiledRoute, RouteTable, VirtualHostTable } from './route-table.ts'

interface MatchableRoute {
  readonly match: CompiledMatch
  readonly route: CompiledRoute
}

/**
 * Turns a RouteConfiguration of the right shape into a table that requests are matched with. What only shows now is
 * reported with its field: regexes that are no RE2 or too large, headers that cannot be set, a port named twice, weights
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
    return {
      match: compileMatch(route.match, `${at}.match`, violations),
      route: compileRoute(route, at, violations),
    }
  })
  return {
    port: host.port,
    match(request) {
      const path = withoutQuery(request.path)
      for (const { match, route } of routes) if (matches(match, request, path)) return route
      return undefined
    },
  }
}

const NOT_FOUND_STATUS = 503

function compileRoute(route: Route, field: string, violations: Violation[]): CompiledRoute {
  if (route.route === undefined) throw new Error(`${field}: only routes to clusters can be compiled`)
  const { clusters, timeoutMs, retryPolicy, hostRewrite } = route.route
  const single = clusters.length === 1
  const destinations = clusters.map((destination, index): CompiledDestination => {
    const at = { mutations: destination, field: `${field}.route.clusters[${index}]` }
    // What is wrong with the route's own changes is reported once, not once a destination.
    const ofRoute = { mutations: route, field }
    const found: Violation[] = []
    const mutations = compileMutations(ofRoute, at, single, found)
    violations.push(...found.filter((violation) => index === 0 || violation.field.startsWith(at.field)))
    return {
      cluster: destination.cluster,
      weight: destination.weight,
      mutations,
      hostRewrite: hostRewrite ?? destination.hostRewrite,
      rewritePath: undefined,
      reply: undefined,
      mirrors: undefined,
      marks: undefined,
    }
  })
  const totalWeight = destinations.reduce((sum, { weight }) => sum + weight, 0)
  if (!single && totalWeight === 0) {
    violations.push({ field: `${field}.route.clusters`, message: 'must have at least one weight above 0' })
  }
  return {
    name: route.name,
    timeoutMs,
    retryPolicy,
    destinations,
    totalWeight,
    reply: undefined,
    fault: route.fault,
    hedgeOnPerTryTimeout: route.route.hedgeOnPerTryTimeout ?? false,
    clusterNotFoundStatus: route.route.clusterNotFoundResponseCode ?? NOT_FOUND_STATUS,
  }
}
