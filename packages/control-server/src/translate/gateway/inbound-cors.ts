import {
  type CorsPolicy,
  DEFAULT_CORS_MAX_AGE_MS,
  type HeaderMatcher,
  type InboundRoute,
  type RouteMatch,
  type StringMatcher,
} from '@weft/mesh-protocol'
import type { CorsFilter } from '../../config/spec/gateway/http-filters.ts'
import type { MeshService, ServicePort } from '../../registry/model.ts'
import { attachedRoutes } from './attached-routes.ts'
import { httpRouteMatch } from './http-match.ts'
import { byPrecedence, type HttpGatewayRoute } from './precedence.ts'
import type { GatewayRouteIndex } from './route-index.ts'

/**
 * What the HTTPRoutes of a service's own namespace say to browsers that call its workloads directly, which are callers of no
 * namespace: each match in the order of precedence, also those without a CORS filter, because the first that holds counts, and
 * after them that nothing else is said of these ports. Empty: no route has such a filter.
 */
export function gatewayCorsRoutes(
  index: GatewayRouteIndex,
  { host, namespace }: Pick<MeshService, 'host' | 'namespace'>,
  ports: readonly ServicePort[],
): readonly InboundRoute[] {
  const attachments = index.find(host)
  if (attachments.length === 0) return []
  const routes = ports.flatMap((port) => {
    const attached = attachedRoutes(attachments, { namespace }, port, namespace)
    return attached?.kind === 'HTTPRoute' ? ofPort(attached.routes, port.number) : []
  })
  return routes.some(({ cors }) => cors !== undefined) ? routes : []
}

function ofPort(attached: readonly HttpGatewayRoute[], servicePort: number): InboundRoute[] {
  const routes = byPrecedence(attached).flatMap(({ route, rule, ruleIndex, match }): InboundRoute[] => {
    const name = `${route.namespace}/${route.name}/${rule.name ?? `rules[${ruleIndex}]`}`
    const filter = (rule.filters ?? []).find(({ cors }) => cors !== undefined)?.cors
    const wire = httpRouteMatch(match)
    const cors = filter === undefined ? {} : { cors: corsPolicy(filter) }
    return preflightsToo(wire, match.method).map((each) => ({
      name,
      servicePorts: [servicePort],
      match: each,
      ...cors,
    }))
  })
  return [...routes, { name: 'others', servicePorts: [servicePort], match: {} }]
}

/** A browser asks before a request of another method with OPTIONS, and names the method that it is about. */
function preflightsToo(match: RouteMatch, method: string | undefined): RouteMatch[] {
  if (method === undefined) return [match]
  const asked: HeaderMatcher[] = [
    { name: ':method', stringMatch: { exact: 'OPTIONS' } },
    { name: 'access-control-request-method', stringMatch: { exact: method } },
  ]
  return [match, { ...match, headers: asked }]
}

function corsPolicy(filter: CorsFilter): CorsPolicy {
  const { allowOrigins = [], allowMethods = [], allowHeaders = [], exposeHeaders = [], maxAge } = filter
  return {
    allowOrigins: allowOrigins.map(originMatcher),
    ...(allowMethods.length === 0 ? {} : { allowMethods }),
    ...(allowHeaders.length === 0 ? {} : { allowHeaders }),
    ...(exposeHeaders.length === 0 ? {} : { exposeHeaders }),
    maxAgeMs: maxAge === undefined ? DEFAULT_CORS_MAX_AGE_MS : maxAge * 1000,
    ...(filter.allowCredentials === undefined ? {} : { allowCredentials: filter.allowCredentials }),
    forwardNotMatchingPreflights: false,
  }
}

/** A star in the place of the host's first labels stands for one or more of them; alone it is any origin. */
export function originMatcher(origin: string): StringMatcher {
  if (origin === '*' || !origin.includes('*')) return { exact: origin }
  const parts = origin.split('*').map((part) => part.replaceAll(/[.+?^$()[\]{}|\\]/g, '\\$&'))
  return { regex: parts.join('.+') }
}
