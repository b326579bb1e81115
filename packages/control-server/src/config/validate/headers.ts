import { BAGGAGE_MATCH_PREFIX, CONNECTION_HEADERS } from '@weft/mesh-protocol'
import { child, entry, item } from '../field-path.ts'
import type { HeaderOperations, Headers } from '../spec/virtual-service.ts'
import { emptyVariables, headerFormatProblem } from './header-format.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'
import { authorityProblem } from './rewritten-text.ts'

/** RFC 9110 `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/
const PSEUDO_HEADERS = [':method', ':scheme', ':authority', ':path', ':status']
const JWT_CLAIM = '@request.auth.claims'

const NAME_FORM = "letters, digits and !#$%&'*+-.^_`|~"

/** Whether a match names a claim of the caller's token: `@request.auth.claims.x` or `@request.auth.claims[x][y]`. */
export function isJwtClaim(name: string): boolean {
  if (!name.toLowerCase().startsWith(JWT_CLAIM)) return false
  const rest = name.slice(JWT_CLAIM.length)
  return /^\../s.test(rest) || /^\[.+\]$/s.test(rest)
}

/** Whether a match names a member of the `baggage` header: `@request.baggage.x`. */
function isBaggageMember(name: string): boolean {
  return name.toLowerCase().startsWith(BAGGAGE_MATCH_PREFIX) && TOKEN.test(name.slice(BAGGAGE_MATCH_PREFIX.length))
}

/** The name of a header in a match (Istio `ValidateHTTPHeaderNameOrJwtClaimRoute`). */
export function matchNameProblem(name: string): string | undefined {
  if (name === '') return 'the name of the header must not be empty'
  if (isJwtClaim(name) || isBaggageMember(name)) return undefined
  if (PSEUDO_HEADERS.includes(name) || TOKEN.test(name)) return undefined
  return `${quote(name)} is no header name: ${NAME_FORM}`
}

/** The name of a header that CORS allows or exposes: a token or `*`. */
export function corsNameProblem(name: string): string | undefined {
  if (name === '') return 'the name of the header must not be empty'
  return TOKEN.test(name) ? undefined : `${quote(name)} is no header name: ${NAME_FORM}`
}

/** Whether setting it rewrites the authority of the request. */
export function isAuthority(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === ':authority' || lower === 'host'
}

function operationNameProblem(name: string, mayRewriteAuthority: boolean): string | undefined {
  if (name === '') return 'the name of the header must not be empty'
  if (isAuthority(name)) return mayRewriteAuthority ? undefined : 'the authority can only be set on a request'
  if (name.startsWith(':')) return `${quote(name)} cannot be changed: it is not a header but part of the request line`
  return TOKEN.test(name) ? undefined : `${quote(name)} is no header name: ${NAME_FORM}`
}

function connectionProblem(name: string): string | undefined {
  if (!CONNECTION_HEADERS.includes(name.toLowerCase())) return undefined
  return `${quote(name)} cannot be set: the HTTP client writes it for each connection itself`
}

/** Changes to the headers of requests and responses, at a route or at one of its destinations. */
export function checkHeaders(headers: Headers | undefined, field: string, report: Report): void {
  checkOperations(headers?.request, child(field, 'request'), true, report)
  checkOperations(headers?.response, child(field, 'response'), false, report)
}

function checkOperations(
  operations: HeaderOperations | undefined,
  field: string,
  isRequest: boolean,
  report: Report,
): void {
  for (const verb of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(operations?.[verb] ?? {})) {
      const at = entry(child(field, verb), name)
      report.check(at, operationNameProblem(name, isRequest) ?? (isRequest ? connectionProblem(name) : undefined))
      checkValue(value, isRequest ? 'request' : 'response', at, report)
      if (isRequest && isAuthority(name)) report.check(at, authorityProblem(value))
    }
  }
  for (const [index, name] of (operations?.remove ?? []).entries()) {
    report.check(item(child(field, 'remove'), index), operationNameProblem(name, false))
  }
}

function checkValue(value: string, side: 'request' | 'response', field: string, report: Report): void {
  const problem = headerFormatProblem(value)
  report.check(field, problem)
  for (const variable of problem === undefined ? emptyVariables(value, side) : []) {
    report.warning(field, `only has an effect in a cluster's proxy: ${variable} stands for nothing`, 'proxy')
  }
}

/** The authority may be rewritten in one place of a route only (Istio `validateAuthorityRewrite`). */
export function checkAuthorityRewrites(
  rewriteAuthority: string | undefined,
  headers: Headers | undefined,
  field: string,
  report: Report,
): void {
  const places = (['set', 'add'] as const).flatMap((verb) =>
    Object.entries(headers?.request?.[verb] ?? {})
      .filter(([name]) => isAuthority(name))
      .map(([name, value]) => ({ at: entry(`${field}.headers.request.${verb}`, name), value })),
  )
  let known = rewriteAuthority ?? ''
  for (const { at, value } of places) {
    if (known !== '') report.violation(at, `the authority is already rewritten to ${quote(known)}; keep one of the two`)
    known = value
  }
}
