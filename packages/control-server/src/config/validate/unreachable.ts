import { item } from '../field-path.ts'
import type { HttpMatchRequest, HttpRoute, StringMatch, StringMatchMap } from '../spec/virtual-service.ts'
import type { Report } from './report.ts'

/*
 * Routes and matches that can never come to pass, as the first match wins. Warnings only (Istio `analyzeUnreachable…`).
 */

const UNREACHABLE = 'unreachable'

interface MatchingRoute {
  readonly name?: string
  readonly match?: readonly object[]
}

/** Warns of what comes after a route without match, and of a match that was there before. */
export function warnUnreachable(routes: readonly MatchingRoute[], field: string, report: Report): void {
  const seen = new Map<string, number>()
  let catchAll: number | undefined
  for (const [index, route] of routes.entries()) {
    const at = item(field, index)
    const matches = route.match ?? []
    if (catchAll !== undefined) {
      report.warning(at, `never used: ${routeName(routes, catchAll)} before it takes everything`, UNREACHABLE)
      continue
    }
    if (matches.length === 0) {
      catchAll = index
      continue
    }
    const repeated = matches.filter((match, position) => {
      const key = fingerprint(match)
      const before = seen.get(key)
      if (before === undefined) seen.set(key, index)
      else
        report.warning(
          item(`${at}.match`, position),
          `never used: ${routeName(routes, before)} has the same match`,
          UNREACHABLE,
        )
      return before !== undefined
    })
    if (repeated.length === matches.length)
      report.warning(at, 'never used: routes before it have all of its matches', UNREACHABLE)
  }
}

function routeName(routes: readonly MatchingRoute[], index: number): string {
  const name = routes[index]?.name
  return name === undefined || name === '' ? `route ${index}` : `route ${JSON.stringify(name)}`
}

/** What a match says, without its name and whatever the order of its fields. */
function fingerprint(match: object): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const)
    return entries.sort(([a], [b]) => (a < b ? -1 : 1))
  }
  const { name: _, ...rest } = match as HttpMatchRequest
  return JSON.stringify(sorted(rest))
}

/** A match on a path prefix, with the rest of it in comparable form. */
interface PrefixMatch {
  readonly route: string
  readonly field: string
  readonly prefix: string
  readonly port: number
  readonly method: string
  readonly authority: string
  readonly maps: readonly Readonly<Record<string, string>>[]
}

const textOf = (match: StringMatch | undefined): string => {
  if (match?.exact) return `exact:${match.exact}`
  return match?.prefix ? `prefix:${match.prefix}` : ''
}

const textsOf = (matches: StringMatchMap | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(matches ?? {}).map(([key, match]) => [key, textOf(match)]))

/** More routes than this are not compared with each other: it takes the square of their number. */
const MAX_COMPARED = 500

/** Warns of a path prefix that an earlier, shorter prefix with the same other conditions takes. */
export function warnCoveredPrefixes(routes: readonly HttpRoute[], field: string, report: Report): void {
  const prefixes = prefixMatches(routes, field).slice(0, MAX_COMPARED)
  for (const [index, later] of prefixes.entries()) {
    const earlier = prefixes.slice(0, index).find((candidate) => covers(candidate, later))
    if (earlier !== undefined) {
      report.warning(
        later.field,
        `never used: the prefix ${earlier.prefix} of ${earlier.route} covers ${later.prefix}`,
        UNREACHABLE,
      )
    }
  }
}

function prefixMatches(routes: readonly HttpRoute[], field: string): PrefixMatch[] {
  const catchAll = routes.findIndex(({ match }) => (match ?? []).length === 0)
  return (catchAll < 0 ? routes : routes.slice(0, catchAll)).flatMap((route, index) =>
    (route.match ?? []).flatMap((match, position) => {
      const prefix = match.uri?.prefix ?? ''
      if (prefix === '') return []
      return {
        route: routeName(routes, index),
        field: item(`${item(field, index)}.match`, position),
        prefix,
        port: match.port ?? 0,
        // Istio takes a match without a method for one on GET.
        method: textOf(match.method) || 'exact:GET',
        authority: textOf(match.authority),
        maps: [textsOf(match.headers), textsOf(match.queryParams), textsOf(match.withoutHeaders)],
      }
    }),
  )
}

function covers(earlier: PrefixMatch, later: PrefixMatch): boolean {
  if (earlier.prefix === later.prefix || !later.prefix.startsWith(earlier.prefix)) return false
  if (earlier.port !== later.port || !earlier.method.startsWith(later.method)) return false
  if (!earlier.authority.startsWith(later.authority)) return false
  return earlier.maps.every((map, index) => coversMap(map, later.maps[index] ?? {}))
}

function coversMap(earlier: Readonly<Record<string, string>>, later: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(earlier)
  if (entries.length !== Object.keys(later).length) return false
  return entries.every(([key, text]) => Object.hasOwn(later, key) && text.startsWith(later[key] as string))
}
