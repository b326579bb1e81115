import type { HeaderMatcher, PathMatcher, QueryParameterMatcher, RouteMatch, StringMatcher } from '@weft/mesh-protocol'
import { type HttpRouteMatch, type HttpValueMatch, pathOf } from '../../config/spec/gateway/http-route.ts'
import { firstOfEachName } from './names.ts'
import { withoutSlash } from './precedence.ts'

/** What a request has to be like for a match of an HTTPRoute (Gateway API `HTTPRouteMatch`). */
export function httpRouteMatch(match: HttpRouteMatch): RouteMatch {
  const path = pathMatcher(match)
  const headers = [
    ...headerMatchers(match.headers),
    ...(match.method === undefined ? [] : [{ name: ':method', stringMatch: { exact: match.method } }]),
  ]
  const queryParameters = firstOfEachName(match.queryParams, (name) => name).map(
    (parameter): QueryParameterMatcher => ({ name: parameter.name, stringMatch: stringMatcher(parameter) }),
  )
  return {
    ...(path === undefined ? {} : { path }),
    ...(headers.length > 0 ? { headers } : {}),
    ...(queryParameters.length > 0 ? { queryParameters } : {}),
  }
}

/** `undefined`: the prefix that every path has. */
function pathMatcher(match: HttpRouteMatch): PathMatcher | undefined {
  const { type, value } = pathOf(match)
  if (type === 'Exact') return { exact: value }
  if (type === 'RegularExpression') return { regex: value }
  const prefix = withoutSlash(value)
  return prefix === '' ? undefined : { pathSeparatedPrefix: prefix }
}

/** Of several conditions on one header the first counts. */
export function headerMatchers(headers: readonly HttpValueMatch[] | undefined): HeaderMatcher[] {
  return firstOfEachName(headers, (name) => name.toLowerCase()).map(headerMatcher)
}

/** The Host of a request is its authority. */
function headerMatcher(header: HttpValueMatch): HeaderMatcher {
  const name = header.name.toLowerCase()
  return { name: name === 'host' ? ':authority' : name, stringMatch: stringMatcher(header) }
}

function stringMatcher({ type, value }: HttpValueMatch): StringMatcher {
  return type === 'RegularExpression' ? { regex: value } : { exact: value }
}
