import type { PathMatcher } from '@weft/mesh-protocol'
import { literalPrefix } from '../kernel/regex-prefix.ts'
import { type CompiledMatch, matches, matchesBeyondPath } from './compile-match.ts'
import { PrefixTree } from './prefix-tree.ts'
import { withoutQuery } from './request-value.ts'
import type { CompiledRoute, RouteRequest } from './route-table.ts'

/** A route with its condition. */
export interface MatchableRoute {
  readonly match: CompiledMatch
  /** The condition on the path where it can be looked up by: compared with regard to case. */
  readonly path: PathMatcher | undefined
  readonly route: CompiledRoute
}

/** The first route that matches. */
export type FindRoute = (request: RouteRequest) => CompiledRoute | undefined

/** From this many on, looking routes up is worth more than it costs. */
const WORTH_INDEXING = 12

/** Finds the first route that matches, as if each were tried in turn. */
export function createRouteFinder(routes: readonly MatchableRoute[]): FindRoute {
  const indexable = routes.filter(({ path }) => path !== undefined).length
  return indexable < WORTH_INDEXING ? scanRoutes(routes) : indexRoutes(routes)
}

/** Tries each route in turn. */
export function scanRoutes(routes: readonly MatchableRoute[]): FindRoute {
  return (request) => {
    const path = withoutQuery(request.path)
    for (const { match, route } of routes) if (matches(match, request, path)) return route
    return undefined
  }
}

/** Positions of routes that one look-up finds, in their order. */
interface AtPrefix {
  readonly anyRest: number[]
  /** Those whose prefix has to end at a slash or at the end of the path. */
  readonly wholeSegments: number[]
  /** Those whose condition on the path says more than the prefix. */
  readonly regexes: number[]
}

const NOWHERE: readonly number[] = []

/**
 * Of the routes that a look-up by the path finds only the first that matches counts, and of those that cannot be looked up
 * only what stands before it, so that the order decides as in a scan.
 */
export function indexRoutes(routes: readonly MatchableRoute[]): FindRoute {
  const exact = new Map<string, number[]>()
  const prefixes = new PrefixTree<AtPrefix>()
  const others: number[] = []
  for (const [position, { path }] of routes.entries()) {
    if (path === undefined) others.push(position)
    else if ('regex' in path) {
      const prefix = literalPrefix(path.regex)
      if (prefix === '') others.push(position)
      else prefixes.at(prefix, emptyLists).regexes.push(position)
    } else if ('exact' in path) listAt(exact, path.exact).push(position)
    else if ('prefix' in path) prefixes.at(path.prefix, emptyLists).anyRest.push(position)
    else prefixes.at(path.pathSeparatedPrefix, emptyLists).wholeSegments.push(position)
  }
  return (request) => {
    const path = withoutQuery(request.path)
    let first = routes.length
    const tryEach = (positions: readonly number[], pathHolds: boolean): void => {
      for (const position of positions) {
        if (position >= first) return
        const { match } = routes[position] as MatchableRoute
        if (pathHolds ? matchesBeyondPath(match, request) : matches(match, request, path)) first = position
      }
    }
    tryEach(exact.get(path) ?? NOWHERE, true)
    prefixes.visit(path, ({ anyRest, wholeSegments, regexes }, length) => {
      tryEach(anyRest, true)
      if (length === path.length || path[length] === '/') tryEach(wholeSegments, true)
      tryEach(regexes, false)
    })
    tryEach(others, false)
    return routes[first]?.route
  }
}

function emptyLists(): AtPrefix {
  return { anyRest: [], wholeSegments: [], regexes: [] }
}

function listAt(lists: Map<string, number[]>, key: string): number[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const made: number[] = []
  lists.set(key, made)
  return made
}
