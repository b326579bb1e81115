import { child, item } from '../../field-path.ts'
import { gatewayMilliseconds } from '../../spec/gateway/duration.ts'
import type { HttpFilter } from '../../spec/gateway/http-filters.ts'
import {
  DEFAULT_MATCHES,
  type HttpRouteRetry,
  type HttpRouteRule,
  type HttpRouteSpec,
  type HttpRouteTimeouts,
  pathOf,
} from '../../spec/gateway/http-route.ts'
import type { Context } from '../context.ts'
import type { Report } from '../report.ts'
import { checkFilters } from './http-filters.ts'
import { checkHttpRouteMatch } from './http-matches.ts'
import { checkUnique } from './names.ts'
import { ANSWERED_500, checkBackend, checkParents } from './references.ts'
import { checkHostnames, checkMatchCount, checkNames, checkSessions } from './route-rules.ts'
import { checkGatewayDuration } from './session-persistence.ts'

/** What the schema of an HTTPRoute cannot tell: the rules of its resource definition and of the specification's text. */
export function checkHttpRouteSpec(spec: HttpRouteSpec, context: Context): void {
  const { report } = context
  checkParents(spec, report)
  checkHostnames(spec.hostnames, report)
  const { rules } = spec
  if (rules === undefined) return
  if (rules.length === 0) report.violation('spec.rules', 'needs at least one rule')
  for (const [index, rule] of rules.entries()) checkRule(rule, item('spec.rules', index), context)
  const matches = rules.reduce((sum, rule) => sum + (rule.matches ?? DEFAULT_MATCHES).length, 0)
  checkMatchCount(matches, report)
  checkNames(rules, report)
}

function checkRule(rule: HttpRouteRule, field: string, context: Context): void {
  const { report } = context
  for (const [index, match] of (rule.matches ?? []).entries()) {
    checkHttpRouteMatch(match, item(child(field, 'matches'), index), context)
  }
  checkFilters(rule.filters, child(field, 'filters'), report)
  checkPrefixReplacement(rule, rule.filters, child(field, 'filters'), report)
  checkBackends(rule, field, report)
  checkTimeouts(rule.timeouts, child(field, 'timeouts'), report)
  checkRetry(rule.retry, child(field, 'retry'), report)
  checkSessions(rule, child(field, 'sessionPersistence'), report)
}

function checkBackends(rule: HttpRouteRule, field: string, report: Report): void {
  const backends = rule.backendRefs ?? []
  for (const [index, backend] of backends.entries()) {
    const at = item(child(field, 'backendRefs'), index)
    checkBackend(backend, at, ANSWERED_500, report)
    checkFilters(backend.filters, child(at, 'filters'), report)
    checkPrefixReplacement(rule, backend.filters, child(at, 'filters'), report)
  }
  const filters = rule.filters ?? []
  const redirects = filters.some(({ type }) => type === 'RequestRedirect')
  if (redirects && backends.length > 0) {
    report.violation(child(field, 'backendRefs'), 'cannot be given beside a RequestRedirect filter')
  }
  if (!redirects && (backends.length === 0 || backends.every(({ weight }) => weight === 0))) {
    report.warning(child(field, 'backendRefs'), 'there is no backend to send to: what matches is answered 500')
  }
}

/** A prefix can only be replaced where one, and one alone, is matched. */
function checkPrefixReplacement(
  { matches = DEFAULT_MATCHES }: HttpRouteRule,
  filters: readonly HttpFilter[] | undefined,
  field: string,
  report: Report,
): void {
  const [only] = matches
  if (matches.length === 1 && only !== undefined && pathOf(only).type === 'PathPrefix') return
  for (const [index, { requestRedirect, urlRewrite }] of (filters ?? []).entries()) {
    for (const [name, path] of [
      ['requestRedirect', requestRedirect?.path] as const,
      ['urlRewrite', urlRewrite?.path] as const,
    ]) {
      if (path?.type !== 'ReplacePrefixMatch') continue
      const at = child(child(child(item(field, index), name), 'path'), 'replacePrefixMatch')
      report.violation(at, 'needs a rule with exactly one match, whose path is a PathPrefix')
    }
  }
}

function checkTimeouts(timeouts: HttpRouteTimeouts | undefined, field: string, report: Report): void {
  if (timeouts === undefined) return
  checkGatewayDuration(timeouts.request, child(field, 'request'), report)
  checkGatewayDuration(timeouts.backendRequest, child(field, 'backendRequest'), report)
  const request = gatewayMilliseconds(timeouts.request) ?? 0
  const backendRequest = gatewayMilliseconds(timeouts.backendRequest) ?? 0
  if (request !== 0 && backendRequest > request) {
    report.violation(child(field, 'backendRequest'), `must not be longer than request, ${timeouts.request}`)
  }
}

function checkRetry(retry: HttpRouteRetry | undefined, field: string, report: Report): void {
  if (retry === undefined) return
  checkGatewayDuration(retry.backoff, child(field, 'backoff'), report)
  checkUnique(retry.codes?.map(String), (index) => item(child(field, 'codes'), index), report)
}
