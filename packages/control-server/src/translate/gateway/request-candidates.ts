import type { RouteMatch } from '@weft/mesh-protocol'
import type { HttpRouteRule } from '../../config/spec/gateway/http-route.ts'
import type { AttachedRoutes } from './attached-routes.ts'
import { grpcRouteMatch } from './grpc-match.ts'
import { grpcByPrecedence } from './grpc-precedence.ts'
import { httpRouteMatch } from './http-match.ts'
import { byPrecedence } from './precedence.ts'
import type { GatewayRoute } from './route-index.ts'

/** The routes that rule requests: HTTPRoutes or GRPCRoutes, which are never merged. */
export type AttachedRequestRoutes = Extract<AttachedRoutes, { kind: 'HTTPRoute' | 'GRPCRoute' }>

/** What a rule does, in either kind; that of a GRPCRoute has no timeouts and retries. */
export type RequestRule = Omit<HttpRouteRule, 'matches'>

/** A match of either kind with the rule that it leads to, in the words of the wire. */
export interface RequestCandidate {
  readonly route: Pick<GatewayRoute, 'kind' | 'namespace' | 'name'>
  readonly rule: RequestRule
  readonly ruleIndex: number
  /** For people. */
  readonly name: string
  readonly match: RouteMatch
}

/** In the order in which they are tried. */
export function requestCandidates(attached: AttachedRequestRoutes): readonly RequestCandidate[] {
  if (attached.kind === 'HTTPRoute') {
    return byPrecedence(attached.routes).map((each) => ({ ...named(each), match: httpRouteMatch(each.match) }))
  }
  return grpcByPrecedence(attached.routes).map((each) => ({ ...named(each), match: grpcRouteMatch(each.match) }))
}

interface Placed {
  readonly route: RequestCandidate['route']
  readonly rule: RequestRule & { readonly matches?: readonly unknown[] }
  readonly ruleIndex: number
  readonly matchIndex: number
}

function named({ route, rule, ruleIndex, matchIndex }: Placed): Omit<RequestCandidate, 'match'> {
  const ofRule = `${route.namespace}/${route.name}/${rule.name ?? `rules[${ruleIndex}]`}`
  const name = (rule.matches ?? []).length > 1 ? `${ofRule}/matches[${matchIndex}]` : ofRule
  return { route, rule, ruleIndex, name }
}

export function rulesRequests(attached: AttachedRoutes | undefined): attached is AttachedRequestRoutes {
  return attached?.kind === 'HTTPRoute' || attached?.kind === 'GRPCRoute'
}
