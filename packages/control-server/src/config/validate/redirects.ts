import { child } from '../field-path.ts'
import { REDIRECT_CODES } from '../http-status.ts'
import type { HttpDirectResponse, HttpMatchRequest, HttpRedirect, HttpRewrite } from '../spec/virtual-service.ts'
import { checkOneOf } from './choices.ts'
import type { Context } from './context.ts'
import { NO_ANSWER, NO_STATUS, statusProblem } from './fault.ts'
import { quote } from './hosts.ts'
import { checkPort } from './ports.ts'
import type { Report } from './report.ts'
import { authorityProblem, pathProblem, substitutionProblem } from './rewritten-text.ts'

const LARGE_BODY = 100 * 1024
const MAX_BODY = 1024 * 1024

/** Istio `validateHTTPRedirect`; fields that are empty count as absent. */
export function checkRedirect(
  redirect: HttpRedirect | undefined,
  matches: readonly HttpMatchRequest[],
  field: string,
  report: Report,
): void {
  if (redirect === undefined) return
  const { uri = '', prefixRewrite = '', authority = '', scheme = '', redirectCode = 0, port, derivePort } = redirect
  checkOneOf(redirect, ['port', 'derivePort'], field, report)
  if (uri !== '' && prefixRewrite !== '') {
    report.violation(child(field, 'prefixRewrite'), 'only one of uri and prefixRewrite may be given')
  }
  if (prefixRewrite !== '' && matches.some(({ uri: path }) => path !== undefined && path.prefix === undefined)) {
    report.violation(child(field, 'prefixRewrite'), 'needs every match on uri to be a prefix')
  }
  const leadsNowhere = uri === '' && prefixRewrite === '' && authority === '' && scheme === ''
  if (leadsNowhere && port === undefined && derivePort === undefined) {
    report.violation(field, 'needs a uri, prefixRewrite, authority, scheme, port or derivePort')
  }
  if (redirectCode !== 0 && !(redirectCode >= 300 && redirectCode <= 399)) {
    report.violation(child(field, 'redirectCode'), `must be a status from 300 to 399, not ${redirectCode}`)
  } else if (redirectCode !== 0 && !REDIRECT_CODES.includes(redirectCode)) {
    report.warning(child(field, 'redirectCode'), `nobody is redirected: write one of ${REDIRECT_CODES.join(', ')}`)
  }
  if (scheme !== '' && scheme !== 'http' && scheme !== 'https') {
    report.violation(child(field, 'scheme'), `must be http or https, not ${quote(scheme)}`)
  }
  if (port !== undefined && port > 0) checkPort(port, child(field, 'port'), report)
  report.check(child(field, 'uri'), pathProblem(uri))
  report.check(child(field, 'prefixRewrite'), pathProblem(prefixRewrite))
  report.check(child(field, 'authority'), authorityProblem(authority))
}

/** Istio `validateHTTPRewrite`. */
export function checkRewrite(rewrite: HttpRewrite | undefined, field: string, { report, regex }: Context): void {
  if (rewrite === undefined) return
  const { uri = '', authority = '', uriRegexRewrite } = rewrite
  if (uri !== '' && uriRegexRewrite !== undefined) {
    report.violation(child(field, 'uriRegexRewrite'), 'only one of uri and uriRegexRewrite may be given')
  }
  if (uri === '' && authority === '' && uriRegexRewrite === undefined) {
    report.violation(field, 'needs a uri, uriRegexRewrite or authority')
  }
  report.check(child(field, 'uri'), pathProblem(uri))
  report.check(child(field, 'authority'), authorityProblem(authority))
  if (uriRegexRewrite === undefined) return
  const { match = '', rewrite: substitution = '' } = uriRegexRewrite
  const at = child(field, 'uriRegexRewrite')
  if (match === '' || substitution === '') report.violation(at, 'needs both match and rewrite')
  const problem = match === '' ? undefined : regex(match)
  report.check(child(at, 'match'), problem)
  if (match === '' || problem !== undefined) return
  report.check(child(at, 'rewrite'), pathProblem(substitution) ?? substitutionProblem(match, substitution))
}

/** Istio `validateHTTPDirectResponse`. */
export function checkDirectResponse(response: HttpDirectResponse | undefined, field: string, report: Report): void {
  if (response === undefined) return
  report.check(child(field, 'status'), statusProblem(response.status ?? 0))
  if (response.status === NO_STATUS) report.warning(child(field, 'status'), NO_ANSWER)
  const { body } = response
  if (body === undefined) return
  const at = child(field, 'body')
  checkOneOf(body, ['string', 'bytes'], at, report)
  if (body.bytes !== undefined && !isBase64(body.bytes)) report.violation(child(at, 'bytes'), 'must be base64')
  const size = bodySize(body)
  if (size > MAX_BODY) report.violation(at, `must have at most ${MAX_BODY} bytes, not ${size}`)
  else if (size > LARGE_BODY) report.warning(at, `is large: ${size} bytes that every client keeps`)
}

/** Standard or URL alphabet, with or without padding, as the JSON form of protocol buffers reads it. */
function isBase64(text: string): boolean {
  const unpadded = text.replace(/={1,2}$/, '')
  return /^[-A-Za-z0-9+/_]*$/.test(unpadded) && unpadded.length % 4 !== 1
}

function bodySize({ string, bytes }: { readonly string?: string; readonly bytes?: string }): number {
  if (string !== undefined) return Buffer.byteLength(string)
  return Math.floor(((bytes ?? '').replace(/={1,2}$/, '').length * 3) / 4)
}
