import {
  BAGGAGE_MATCH_PREFIX,
  type HeaderMatcher,
  type QueryParameterMatcher,
  type RouteMatch,
  type StringMatcher,
} from '@weft/mesh-protocol'
import { MESH_GATEWAY } from '../config/mesh-gateway.ts'
import type { HttpMatchRequest, StringMatch, StringMatchMap } from '../config/spec/virtual-service.ts'
import { type ClientScope, hasLabels } from './client-scope.ts'

/** Whether a match block can ever hold for this client on this port (Istio `route.go` `sourceMatchHTTP` and its caller). */
export function appliesTo(match: HttpMatchRequest, client: ClientScope, port: number): boolean {
  if ((match.port ?? 0) !== 0 && match.port !== port) return false
  if (match.gateways !== undefined && match.gateways.length > 0) return match.gateways.includes(MESH_GATEWAY)
  if (!hasLabels(client.labels, match.sourceLabels)) return false
  return (match.sourceNamespace ?? '') === '' || match.sourceNamespace === client.namespace
}

/** The part of a match block that is decided for each request (Istio `route.go` `TranslateRouteMatch`). */
export function routeMatch(match: HttpMatchRequest): RouteMatch {
  const headers = [
    ...headerMatchers(match.headers, false),
    ...headerMatchers(match.withoutHeaders, true),
    ...pseudoHeader(':method', match.method),
    ...pseudoHeader(':authority', match.authority),
    ...pseudoHeader(':scheme', match.scheme),
  ]
  const queryParameters = sorted(match.queryParams).map(
    ([name, value]): QueryParameterMatcher => withMatch({ name }, value),
  )
  const path = match.uri === undefined ? undefined : stringMatcher(match.uri)
  return {
    ...(path === undefined ? {} : { path }),
    ...(match.ignoreUriCase === true ? { caseSensitive: false } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(queryParameters.length > 0 ? { queryParameters } : {}),
  }
}

/** Whether nothing after this can be reached (Istio `route.go` `IsCatchAllRoute`). */
export function isCatchAll({ path, headers, queryParameters }: RouteMatch): boolean {
  if (headers !== undefined || queryParameters !== undefined) return false
  if (path === undefined) return true
  return 'prefix' in path ? path.prefix === '/' || path.prefix === '' : 'regex' in path && path.regex === '.*'
}

/**
 * A condition that must not hold: a missing header counts as empty, so that it passes unless the match would take an empty
 * string; where the condition is presence, the header has to be missing.
 */
function headerMatchers(matches: StringMatchMap | undefined, without: boolean): HeaderMatcher[] {
  return sorted(matches).map(([name, value]) => {
    const matcher: HeaderMatcher = withMatch({ name: matchedName(name) }, value)
    if (!without) return matcher
    const inverted = { ...matcher, invertMatch: true }
    return matcher.stringMatch === undefined ? inverted : { ...inverted, treatMissingHeaderAsEmpty: true }
  })
}

/** Keys of baggage differ by case, names of headers do not. */
function matchedName(name: string): string {
  return name.toLowerCase().startsWith(BAGGAGE_MATCH_PREFIX)
    ? BAGGAGE_MATCH_PREFIX + name.slice(BAGGAGE_MATCH_PREFIX.length)
    : name.toLowerCase()
}

function pseudoHeader(name: string, match: StringMatch | undefined): HeaderMatcher[] {
  return match === undefined ? [] : [withMatch({ name }, match)]
}

function withMatch<T extends { readonly name: string }>(
  named: T,
  match: StringMatch,
): T & { stringMatch?: StringMatcher } {
  const stringMatch = stringMatcher(match)
  return stringMatch === undefined ? named : { ...named, stringMatch }
}

/** `undefined`: presence, which is also what the regex `*` (no regular expression at all) stands for. */
export function stringMatcher({ exact, prefix, regex }: StringMatch): StringMatcher | undefined {
  if (exact !== undefined) return { exact }
  if (prefix !== undefined) return { prefix }
  return regex === undefined || regex === '*' ? undefined : { regex }
}

/** In the order of names, so that equal content makes equal bytes. */
function sorted(matches: StringMatchMap | undefined): [string, StringMatch][] {
  return Object.entries(matches ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}
