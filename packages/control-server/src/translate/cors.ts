import type { InboundRoute, RouteMatch, StringMatcher, CorsPolicy as WireCors } from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import { MESH_GATEWAY } from '../config/mesh-gateway.ts'
import type { CorsPolicy, HttpMatchRequest } from '../config/spec/virtual-service.ts'
import { isCatchAll, routeMatch, stringMatcher } from './route-match.ts'
import { matchBlocks, routeName } from './virtual-service-routes.ts'
import type { VirtualService } from './virtual-services.ts'

/**
 * What a VirtualService says to browsers that call the workloads of its host directly: its routes in order up to the last
 * with a CORS policy, also those without one, because the first that matches counts. Matches of labels and namespaces of
 * workloads hold for no browser. Empty: it says nothing.
 */
export function corsRoutes({ http }: Pick<VirtualService, 'http'>): readonly InboundRoute[] {
  const routes: InboundRoute[] = []
  let last = 0
  for (const route of http) {
    for (const [position, block] of matchBlocks(route).entries()) {
      if (!holdsForBrowsers(block)) continue
      const cors = route.corsPolicy === undefined ? undefined : corsPolicy(route.corsPolicy)
      const match = routeMatch(block)
      routes.push(inboundRoute(routeName(route, block, position), block.port ?? 0, match, cors))
      if (cors !== undefined) last = routes.length
      if ((block.port ?? 0) === 0 && isCatchAll(match)) return routes.slice(0, last)
    }
  }
  return routes.slice(0, last)
}

function inboundRoute(name: string, port: number, match: RouteMatch, cors: WireCors | undefined): InboundRoute {
  return {
    name,
    ...(port === 0 ? {} : { servicePorts: [port] }),
    match,
    ...(cors === undefined ? {} : { cors }),
  }
}

function holdsForBrowsers({ gateways = [], sourceLabels = {}, sourceNamespace = '' }: HttpMatchRequest): boolean {
  if (gateways.length > 0) return gateways.includes(MESH_GATEWAY)
  return Object.keys(sourceLabels).length === 0 && sourceNamespace === ''
}

/** Istio `route.go` `TranslateCORSPolicy`; the older `allowOrigin` counts where there is no `allowOrigins`. */
export function corsPolicy(policy: CorsPolicy): WireCors {
  const { allowOrigin = [], allowOrigins = [], allowMethods = [], allowHeaders = [], exposeHeaders = [] } = policy
  const origins = allowOrigins.length > 0 ? allowOrigins.flatMap((origin) => stringMatcher(origin) ?? []) : []
  const maxAgeMs = milliseconds(policy.maxAge)
  return {
    allowOrigins: allowOrigins.length > 0 ? origins : allowOrigin.map((exact): StringMatcher => ({ exact })),
    ...(allowMethods.length === 0 ? {} : { allowMethods }),
    ...(allowHeaders.length === 0 ? {} : { allowHeaders }),
    ...(exposeHeaders.length === 0 ? {} : { exposeHeaders }),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(policy.allowCredentials === undefined ? {} : { allowCredentials: policy.allowCredentials }),
    forwardNotMatchingPreflights: policy.unmatchedPreflights !== 'IGNORE',
  }
}
