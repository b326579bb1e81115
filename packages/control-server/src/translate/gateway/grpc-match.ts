import type { PathMatcher, RouteMatch } from '@weft/mesh-protocol'
import type { GrpcMethodMatch, GrpcRouteMatch } from '../../config/spec/gateway/grpc-route.ts'
import { withoutAnchors } from './anchors.ts'
import { headerMatchers } from './http-match.ts'

/** What a request has to be like for a match of a GRPCRoute (Gateway API `GRPCRouteMatch`): its path is `/service/method`. */
export function grpcRouteMatch({ method, headers: given }: GrpcRouteMatch): RouteMatch {
  const path = method === undefined ? undefined : pathMatcher(method)
  const headers = headerMatchers(given)
  return { ...(path === undefined ? {} : { path }), ...(headers.length > 0 ? { headers } : {}) }
}

/** A name of a service or a method, whichever. */
const ANY = '[^/]+'

/** `undefined`: every service and method. */
function pathMatcher({ type = 'Exact', service = '', method = '' }: GrpcMethodMatch): PathMatcher | undefined {
  if (service === '' && method === '') return undefined
  if (type === 'RegularExpression') return { regex: `/${part(service)}/${part(method)}` }
  if (method === '') return { prefix: `/${service}/` }
  return service === '' ? { regex: `/${ANY}/${method}` } : { exact: `/${service}/${method}` }
}

/** An alternative within it ends with it, and its anchors mean the ends of the name, which is matched whole anyway. */
function part(pattern: string): string {
  return pattern === '' ? ANY : `(?:${withoutAnchors(pattern)})`
}
