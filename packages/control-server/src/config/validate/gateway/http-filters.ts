import { child, item } from '../../field-path.ts'
import { REDIRECT_CODES } from '../../http-status.ts'
import {
  type ExternalAuth,
  FILTER_FIELDS,
  type HttpFilter,
  type PathModifier,
  type RequestMirror,
  type RequestRedirect,
  type UrlRewrite,
} from '../../spec/gateway/http-filters.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { checkCors } from './cors.ts'
import { checkHeaderModifier, checkRequestHeaderModifier } from './header-modifier.ts'
import { isPathText, isSubdomain } from './names.ts'
import { ANSWERED_500, checkBackend } from './references.ts'

/** At most once in a list of filters. */
const ONCE: readonly HttpFilter['type'][] = [
  'CORS',
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'URLRewrite',
]

/**
 * The filters of a rule or of one backend (`HTTPRouteFilter`, `GRPCRouteFilter`).
 *
 * @param ifUnknown what becomes of requests that a filter which the mesh does not run is for
 */
export function checkFilters(
  filters: readonly HttpFilter[] | undefined,
  field: string,
  report: Report,
  ifUnknown: string = ANSWERED_500,
): void {
  const seen = new Set<HttpFilter['type']>()
  for (const [index, filter] of (filters ?? []).entries()) {
    const at = item(field, index)
    if (ONCE.includes(filter.type) && seen.has(filter.type)) {
      report.violation(at, `a filter ${filter.type} is there already`)
    }
    seen.add(filter.type)
    checkFilter(filter, at, report)
    if (filter.type === 'ExternalAuth' || filter.type === 'ExtensionRef') {
      report.warning(at, `${filter.type} is no filter of the mesh: as Gateway API asks, ${ifUnknown}`)
    }
  }
  if (seen.has('RequestRedirect') && seen.has('URLRewrite')) {
    report.violation(field, 'must not have both RequestRedirect and URLRewrite')
  }
}

function checkFilter(filter: HttpFilter, field: string, report: Report): void {
  checkFields(filter, field, report)
  const { requestHeaderModifier, responseHeaderModifier, requestMirror, requestRedirect, urlRewrite, cors } = filter
  checkRequestHeaderModifier(requestHeaderModifier, child(field, 'requestHeaderModifier'), report)
  checkHeaderModifier(responseHeaderModifier, child(field, 'responseHeaderModifier'), report)
  checkMirror(requestMirror, child(field, 'requestMirror'), report)
  checkRedirect(requestRedirect, child(field, 'requestRedirect'), report)
  checkRewrite(urlRewrite, child(field, 'urlRewrite'), report)
  checkCors(cors, child(field, 'cors'), report)
  checkExternalAuth(filter.externalAuth, child(field, 'externalAuth'), report)
}

/** Exactly the field of its type. */
function checkFields(filter: HttpFilter, field: string, report: Report): void {
  const own = FILTER_FIELDS[filter.type]
  if (own !== undefined && filter[own] === undefined) {
    report.violation(child(field, own), `is required for type ${filter.type}`)
  }
  for (const [type, name] of Object.entries(FILTER_FIELDS)) {
    if (name !== own && filter[name] !== undefined) report.violation(child(field, name), `is only for type ${type}`)
  }
}

function checkExternalAuth(auth: ExternalAuth | undefined, field: string, report: Report): void {
  if (auth === undefined) return
  for (const [protocol, name] of [
    ['GRPC', 'grpc'],
    ['HTTP', 'http'],
  ] as const) {
    const at = child(field, name)
    if (auth[name] !== undefined && auth.protocol !== protocol) report.violation(at, `is only for protocol ${protocol}`)
    if (auth[name] === undefined && auth.protocol === protocol)
      report.violation(at, `is required for protocol ${protocol}`)
  }
  const path = auth.http?.path
  if (path !== undefined && !isPathText(path))
    report.violation(child(child(field, 'http'), 'path'), `${quote(path)} must be a path`)
}

function checkMirror(mirror: RequestMirror | undefined, field: string, report: Report): void {
  if (mirror === undefined) return
  const { backendRef, percent, fraction } = mirror
  if (backendRef !== undefined) checkBackend(backendRef, child(field, 'backendRef'), 'nothing is mirrored', report)
  if (fraction !== undefined && percent !== undefined) {
    report.violation(child(field, 'fraction'), 'cannot be given beside percent')
  }
  if (fraction !== undefined && fraction.numerator > (fraction.denominator ?? 100)) {
    report.violation(
      child(field, 'fraction'),
      'must have a numerator of at most the denominator, which is 100 if not given',
    )
  }
}

function checkRedirect(redirect: RequestRedirect | undefined, field: string, report: Report): void {
  if (redirect === undefined) return
  checkPreciseHostname(redirect.hostname, child(field, 'hostname'), report)
  checkPathModifier(redirect.path, child(field, 'path'), report)
  if (redirect.statusCode !== undefined && !REDIRECT_CODES.includes(redirect.statusCode)) {
    report.violation(child(field, 'statusCode'), `must be one of ${REDIRECT_CODES.join(', ')}`)
  }
}

function checkRewrite(rewrite: UrlRewrite | undefined, field: string, report: Report): void {
  if (rewrite === undefined) return
  checkPreciseHostname(rewrite.hostname, child(field, 'hostname'), report)
  checkPathModifier(rewrite.path, child(field, 'path'), report)
}

function checkPreciseHostname(hostname: string | undefined, field: string, report: Report): void {
  if (hostname === undefined || isSubdomain(hostname)) return
  report.violation(field, `${quote(hostname)} must be a host name in lower case, without a port and without *`)
}

/** Beyond Gateway API, which looks at the length alone: what goes into a request line or a Location holds no line break. */
const PATH_TEXT = /^[!-~]*$/

function checkPathModifier(path: PathModifier | undefined, field: string, report: Report): void {
  if (path === undefined) return
  for (const [type, name] of [
    ['ReplaceFullPath', 'replaceFullPath'],
    ['ReplacePrefixMatch', 'replacePrefixMatch'],
  ] as const) {
    const at = child(field, name)
    if (path[name] !== undefined && path.type !== type) report.violation(at, `is only for type ${type}`)
    if (path[name] === undefined && path.type === type) report.violation(at, `is required for type ${type}`)
    if (!PATH_TEXT.test(path[name] ?? '')) report.violation(at, 'must be printable ASCII without spaces')
  }
}
