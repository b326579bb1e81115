import type { HeaderMatcher, QueryParameterMatcher, RouteMatch, Violation } from '@weft/mesh-protocol'
import { compileHeaderMatcher, type HeaderTest } from '../kernel/header-matcher.ts'
import type { StringTest } from '../kernel/plain-regex.ts'
import { compileStringMatcher } from '../kernel/string-matcher.ts'
import { headerReader, queryValue, type ReadHeader } from './request-value.ts'
import type { RouteRequest } from './route-table.ts'

/** The conditions of a route, ready for use; all have to hold. An absent part holds always. */
export interface CompiledMatch {
  readonly path: StringTest | undefined
  readonly headers: readonly { readonly read: ReadHeader; readonly test: HeaderTest }[]
  readonly query: readonly { readonly name: string; readonly test: StringTest }[]
}

const ALWAYS: StringTest = () => true

/** Compiles the conditions at `field`; what is wrong is added to `violations`, and then the result is not to be used. */
export function compileMatch(match: RouteMatch, field: string, violations: Violation[]): CompiledMatch {
  return {
    path: compilePath(match, `${field}.path`, violations),
    headers: (match.headers ?? []).map((matcher, index) =>
      compileHeader(matcher, `${field}.headers[${index}]`, violations),
    ),
    query: (match.queryParameters ?? []).map((matcher, index) =>
      compileQuery(matcher, `${field}.queryParameters[${index}]`, violations),
    ),
  }
}

function compilePath(match: RouteMatch, field: string, violations: Violation[]): StringTest | undefined {
  if (match.path === undefined || isAnyPath(match.path)) return undefined
  const compiled = compileStringMatcher(match.path, { ignoreCase: match.caseSensitive === false })
  if (compiled.ok) return compiled.value
  violations.push({ field: `${field}.regex`, message: compiled.error })
  return undefined
}

function isAnyPath(path: NonNullable<RouteMatch['path']>): boolean {
  return 'prefix' in path && path.prefix === ''
}

function compileHeader(
  matcher: HeaderMatcher,
  field: string,
  violations: Violation[],
): CompiledMatch['headers'][number] {
  const compiled = compileHeaderMatcher(matcher)
  if (!compiled.ok) violations.push({ field: `${field}.stringMatch.regex`, message: compiled.error })
  return { read: headerReader(matcher.name), test: compiled.ok ? compiled.value : () => false }
}

function compileQuery(
  matcher: QueryParameterMatcher,
  field: string,
  violations: Violation[],
): CompiledMatch['query'][number] {
  if (matcher.stringMatch === undefined) return { name: matcher.name, test: ALWAYS }
  const compiled = compileStringMatcher(matcher.stringMatch)
  if (!compiled.ok) violations.push({ field: `${field}.stringMatch.regex`, message: compiled.error })
  return { name: matcher.name, test: compiled.ok ? compiled.value : ALWAYS }
}

/** Whether all conditions hold. `path` is the request's path without its query. */
export function matches(match: CompiledMatch, request: RouteRequest, path: string): boolean {
  return (match.path === undefined || match.path(path)) && matchesBeyondPath(match, request)
}

/** Whether all conditions but that on the path hold. */
export function matchesBeyondPath(match: CompiledMatch, request: RouteRequest): boolean {
  for (const { read, test } of match.headers) if (!test(read(request))) return false
  for (const { name, test } of match.query) {
    const value = queryValue(request.path, name)
    if (value === undefined || !test(value)) return false
  }
  return true
}
