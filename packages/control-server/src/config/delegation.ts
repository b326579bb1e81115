import type { HttpRoute } from './spec/virtual-service.ts'

/**
 * How many matches the routes of one VirtualService may come to by delegation, and those of all: each match of a root's route goes
 * with each of its delegate's, so that two modest resources can come to millions. Routes above are passed over.
 */
export const MAX_DELEGATED_MATCHES = 20_000
export const MAX_DELEGATED_MATCHES_OF_ALL = 200_000

type Matching = Pick<HttpRoute, 'match'>

const countOf = ({ match }: Matching): number => Math.max(1, match?.length ?? 0)

/** How many matches a delegate has, a route without any counted as one. */
export function matchesIn(routes: readonly Matching[]): number {
  return routes.reduce((sum, route) => sum + countOf(route), 0)
}

/** How many at most a route comes to that delegates to so many. */
export function delegatedMatches(root: Matching, ofDelegate: number): number {
  return countOf(root) * ofDelegate
}
