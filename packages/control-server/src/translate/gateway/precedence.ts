import {
  DEFAULT_MATCHES,
  DEFAULT_RULES,
  type HttpRouteMatch,
  type HttpRouteRule,
  pathOf,
} from '../../config/spec/gateway/http-route.ts'
import { type Candidate, candidatesInOrder } from './candidates.ts'
import { firstOfEachName } from './names.ts'
import type { GatewayRoute } from './route-index.ts'

export type HttpGatewayRoute = Extract<GatewayRoute, { kind: 'HTTPRoute' }>

/** A match of an HTTPRoute. */
export type HttpCandidate = Candidate<HttpGatewayRoute, HttpRouteRule, HttpRouteMatch>

/**
 * Every match of the routes in the order in which they are tried (Gateway API `HTTPRouteRule.matches`): exact path, then the
 * longest, then a method, then more headers, then more query parameters. Where a regular expression stands is left open
 * there; here it is between exact paths and prefixes, as the prefix `/` would hide it otherwise.
 */
export function byPrecedence(routes: readonly HttpGatewayRoute[]): readonly HttpCandidate[] {
  return candidatesInOrder(routes, { rulesOf: ({ spec }) => spec.rules ?? DEFAULT_RULES, matchesOf, rankOf })
}

function matchesOf({ matches }: HttpRouteRule): readonly HttpRouteMatch[] {
  return matches === undefined || matches.length === 0 ? DEFAULT_MATCHES : matches
}

const PATH_RANKS = { Exact: 2, RegularExpression: 1, PathPrefix: 0 } as const

function rankOf(match: HttpRouteMatch): readonly number[] {
  const { type, value } = pathOf(match)
  return [
    PATH_RANKS[type],
    type === 'PathPrefix' ? withoutSlash(value).length : value.length,
    match.method === undefined ? 0 : 1,
    firstOfEachName(match.headers, (name) => name.toLowerCase()).length,
    firstOfEachName(match.queryParams, (name) => name).length,
  ]
}

/** A prefix without the slash at its end, which says nothing; the root is empty. */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
}
