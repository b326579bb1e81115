import type { CorsPolicy, StringMatcher, Violation } from '@weft/mesh-protocol'
import type { StringTest } from '../kernel/plain-regex.ts'
import { compileStringMatcher } from '../kernel/string-matcher.ts'
import type { RouteRequest } from '../routing/route-table.ts'

/** A CORS policy ready for use. */
export interface CompiledCors {
  /** Whether this origin may read the answers. */
  allows(origin: string): boolean
  /** Names and values in turn for the answer to a preflight of an origin that is allowed, after the origin itself. */
  preflightHeaders(request: RouteRequest): readonly string[]
  /** The same for every answer. */
  readonly responseHeaders: readonly string[]
  readonly forwardNotMatchingPreflights: boolean
}

/**
 * What is done with a request that a CORS policy holds for:
 * - `pass`: nothing, it asks nothing across origins or its origin is not allowed;
 * - `allow`: it is served, and the answer tells the browser that its origin may read it;
 * - `answer`: it is a preflight, and these headers are the answer.
 */
export type CorsVerdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'allow'; readonly headers: readonly string[] }
  | { readonly kind: 'answer'; readonly headers: readonly string[] }

const PASS: CorsVerdict = { kind: 'pass' }
/** Of an origin, a method or the name of a header. */
const ANY = '*'

/** Answers depend on who asks, and caches have to know (RFC 9110, 12.5.5). */
export const VARY_ORIGIN: readonly string[] = ['vary', 'Origin']

/** @param field where the policy stands */
export function compileCors(policy: CorsPolicy, field: string, violations: Violation[]): CompiledCors {
  const tests = policy.allowOrigins.map((origin, index) =>
    compileOrigin(origin, `${field}.allowOrigins[${index}]`, violations),
  )
  const withCredentials = policy.allowCredentials === true
  const credentials = withCredentials ? ['access-control-allow-credentials', 'true'] : []
  const responseHeaders = [...credentials, ...joined('access-control-expose-headers', policy.exposeHeaders)]
  const maxAge =
    policy.maxAgeMs === undefined ? [] : ['access-control-max-age', String(Math.floor(policy.maxAgeMs / 1000))]
  const methods = allowed('methods', 'method', policy.allowMethods, withCredentials)
  const headers = allowed('headers', 'headers', policy.allowHeaders, withCredentials)
  return {
    allows: (origin) => tests.some((test) => test(ANY) || test(origin)),
    preflightHeaders: (request) => [...responseHeaders, ...methods(request), ...headers(request), ...maxAge],
    responseHeaders,
    forwardNotMatchingPreflights: policy.forwardNotMatchingPreflights,
  }
}

/**
 * What may be sent, as a list. A browser that sends credentials takes `*` for a name (Fetch standard, CORS protocol and
 * credentials), so that all that it asks for is named then.
 */
function allowed(
  what: string,
  asked: string,
  values: readonly string[] | undefined,
  withCredentials: boolean,
): (request: RouteRequest) => readonly string[] {
  const name = `access-control-allow-${what}`
  if (withCredentials && values?.length === 1 && values[0] === ANY) {
    return (request) => joined(name, [request.header(`access-control-request-${asked}`) ?? ''].filter(notEmpty))
  }
  const fixed = joined(name, values)
  return () => fixed
}

const notEmpty = (text: string): boolean => text !== ''

function compileOrigin(matcher: StringMatcher, field: string, violations: Violation[]): StringTest {
  const compiled = compileStringMatcher(matcher)
  if (compiled.ok) return compiled.value
  violations.push({ field: `${field}.regex`, message: compiled.error })
  return () => false
}

function joined(name: string, values: readonly string[] = []): string[] {
  return values.length === 0 ? [] : [name, values.join(',')]
}

/**
 * Source: Envoy `cors_filter.cc`. A preflight is an OPTIONS request with an origin that names the method it asks for;
 * one of an origin that is not allowed goes on to the application, or is answered without permission where the policy
 * says so.
 */
export function judgeCors(cors: CompiledCors, request: RouteRequest): CorsVerdict {
  const origin = request.header('origin')
  if (origin === undefined || origin === '') return PASS
  const isPreflight = request.method === 'OPTIONS' && (request.header('access-control-request-method') ?? '') !== ''
  if (!cors.allows(origin)) {
    return isPreflight && !cors.forwardNotMatchingPreflights ? { kind: 'answer', headers: VARY_ORIGIN } : PASS
  }
  const own = ['access-control-allow-origin', origin]
  return isPreflight
    ? { kind: 'answer', headers: [...own, ...cors.preflightHeaders(request), ...VARY_ORIGIN] }
    : { kind: 'allow', headers: [...own, ...cors.responseHeaders] }
}
