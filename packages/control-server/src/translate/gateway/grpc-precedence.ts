import type { GrpcMethodMatch, GrpcRouteMatch, GrpcRouteRule } from '../../config/spec/gateway/grpc-route.ts'
import { type Candidate, candidatesInOrder } from './candidates.ts'
import { firstOfEachName } from './names.ts'
import type { GatewayRoute } from './route-index.ts'

export type GrpcGatewayRoute = Extract<GatewayRoute, { kind: 'GRPCRoute' }>

/** A match of a GRPCRoute. */
export type GrpcCandidate = Candidate<GrpcGatewayRoute, GrpcRouteRule, GrpcRouteMatch>

const EVERYTHING: readonly GrpcRouteMatch[] = [{}]

/**
 * Every match of the routes in the order in which they are tried (Gateway API `GRPCRouteRule.matches`): more characters of
 * the service, then of the method, then more headers. Where a regular expression stands is left open there; here it is after
 * every exact service and method, whose characters are counted before its own, and before what names none, which would
 * hide it.
 */
export function grpcByPrecedence(routes: readonly GrpcGatewayRoute[]): readonly GrpcCandidate[] {
  return candidatesInOrder(routes, { rulesOf: ({ spec }) => spec.rules ?? [], matchesOf, rankOf })
}

function matchesOf({ matches }: GrpcRouteRule): readonly GrpcRouteMatch[] {
  return matches === undefined || matches.length === 0 ? EVERYTHING : matches
}

function rankOf({ method, headers }: GrpcRouteMatch): readonly number[] {
  return [
    ...lengths(method, 'Exact'),
    ...lengths(method, 'RegularExpression'),
    firstOfEachName(headers, (name) => name.toLowerCase()).length,
  ]
}

/** Of the service and the method, where they are matched in this way. */
function lengths(match: GrpcMethodMatch = {}, of: GrpcMethodMatch['type']): readonly [number, number] {
  const { type = 'Exact', service = '', method = '' } = match
  return type === of ? [service.length, method.length] : [0, 0]
}
