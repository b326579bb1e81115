import {
  DEFAULT_MATCHES,
  DEFAULT_RULES,
  type HttpRouteMatch,
  type HttpRouteRule,
  pathOf,
} from '../../config/spec/gateway/http-route.ts'
import { firstOfEachName } from './names.ts'
import type { GatewayRoute } from './route-index.ts'

export type HttpGatewayRoute = Extract<GatewayRoute, { kind: 'HTTPRoute' }>

/** One match with the rule that it leads to: what competes for a request. */
export interface Candidate {
  readonly route: HttpGatewayRoute
  readonly rule: HttpRouteRule
  readonly ruleIndex: number
  readonly match: HttpRouteMatch
  readonly matchIndex: number
}

/**
 * Every match of the routes in the order in which they are tried, first hit wins (Gateway API `HTTPRouteRule.matches`): exact
 * path, then the longest, then a method, then more headers, then more query parameters; what is left equal stays in the order
 * of the routes, which is that of their age and then of their names, and of the rules within each. Where a regular expression
 * stands is left open there; here it is between exact paths and prefixes, as the prefix `/` would hide it otherwise.
 */
export function byPrecedence(routes: readonly HttpGatewayRoute[]): readonly Candidate[] {
  const candidates = routes.flatMap((route) =>
    (route.spec.rules ?? DEFAULT_RULES).flatMap((rule, ruleIndex) =>
      matchesOf(rule).map((match, matchIndex) => ({ route, rule, ruleIndex, match, matchIndex })),
    ),
  )
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate.match) }))
  return ranked.sort((a, b) => compare(a.rank, b.rank)).map(({ candidate }) => candidate)
}

function matchesOf({ matches }: HttpRouteRule): readonly HttpRouteMatch[] {
  return matches === undefined || matches.length === 0 ? DEFAULT_MATCHES : matches
}

const PATH_RANKS = { Exact: 2, RegularExpression: 1, PathPrefix: 0 } as const

/** Larger first, from left to right. */
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

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value
    if (difference !== 0) return difference
  }
  return 0
}

/** A prefix without the slash at its end, which says nothing; the root is empty. */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
}
