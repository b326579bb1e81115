import type { RouteMatch } from '@weft/mesh-protocol'
import { grpcPath } from '../../config/spec/gateway/grpc-path.ts'
import type { GrpcRouteMatch } from '../../config/spec/gateway/grpc-route.ts'
import { headerMatchers } from './http-match.ts'

/** What a request has to be like for a match of a GRPCRoute (Gateway API `GRPCRouteMatch`). */
export function grpcRouteMatch({ method, headers: given }: GrpcRouteMatch): RouteMatch {
  const path = method === undefined ? undefined : grpcPath(method)
  const headers = headerMatchers(given)
  return { ...(path === undefined ? {} : { path }), ...(headers.length > 0 ? { headers } : {}) }
}
