import { child, item } from '../../field-path.ts'
import type { GrpcMethodMatch, GrpcRouteMatch, GrpcRouteRule, GrpcRouteSpec } from '../../spec/gateway/grpc-route.ts'
import type { Context } from '../context.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { checkFilters } from './http-filters.ts'
import { checkValues } from './http-matches.ts'
import { ANSWERED_UNAVAILABLE, checkBackend, checkParents } from './references.ts'
import { checkHostnames, checkMatchCount, checkNames, checkSessions } from './route-rules.ts'

/** What the schema of a GRPCRoute cannot tell: the rules of its resource definition and of the specification's text. */
export function checkGrpcRouteSpec(spec: GrpcRouteSpec, context: Context): void {
  const { report } = context
  checkParents(spec, report)
  checkHostnames(spec.hostnames, report)
  const { rules = [] } = spec
  if (rules.length === 0) {
    report.warning('spec.rules', 'without a rule no call is taken: all are answered with the status UNIMPLEMENTED')
  }
  for (const [index, rule] of rules.entries()) checkRule(rule, item('spec.rules', index), context)
  checkMatchCount(
    rules.reduce((sum, { matches = [] }) => sum + matches.length, 0),
    report,
  )
  checkNames(rules, report)
}

function checkRule(rule: GrpcRouteRule, field: string, context: Context): void {
  const { report } = context
  for (const [index, match] of (rule.matches ?? []).entries()) {
    checkMatch(match, item(child(field, 'matches'), index), context)
  }
  checkFilters(rule.filters, child(field, 'filters'), report, ANSWERED_UNAVAILABLE)
  checkBackends(rule, child(field, 'backendRefs'), report)
  checkSessions(rule, child(field, 'sessionPersistence'), report)
}

function checkBackends({ backendRefs = [] }: GrpcRouteRule, field: string, report: Report): void {
  for (const [index, backend] of backendRefs.entries()) {
    const at = item(field, index)
    checkBackend(backend, at, ANSWERED_UNAVAILABLE, report)
    checkFilters(backend.filters, child(at, 'filters'), report, ANSWERED_UNAVAILABLE)
  }
  if (backendRefs.every(({ weight }) => weight === 0)) {
    report.warning(field, 'there is no backend to send to: what matches is answered with the status UNAVAILABLE')
  }
}

function checkMatch({ method, headers }: GrpcRouteMatch, field: string, context: Context): void {
  if (method !== undefined) checkMethod(method, child(field, 'method'), context)
  checkValues(headers, child(field, 'headers'), context, (value) => (value === '' ? 'must not be empty' : undefined))
}

const SERVICE = /^\.?[a-z_][a-z_0-9]*(?:\.[a-z_][a-z_0-9]*)*$/i
const METHOD = /^[A-Za-z_][A-Za-z_0-9]*$/

/** `GRPCMethodMatch`. */
function checkMethod(match: GrpcMethodMatch, field: string, { report, regex }: Context): void {
  const { type = 'Exact', service, method } = match
  const [serviceField, methodField] = [child(field, 'service'), child(field, 'method')]
  if (type === 'RegularExpression') {
    if ((service ?? '') === '' && (method ?? '') === '')
      report.violation(field, 'needs a service or a method that is not empty')
    if (service !== '' && service !== undefined) report.check(serviceField, regex(service))
    if (method !== '' && method !== undefined) report.check(methodField, regex(method))
    return
  }
  if (service === undefined && method === undefined) report.violation(field, 'needs a service or a method')
  if (service !== undefined) checkService(service, serviceField, report)
  if (method !== undefined && !METHOD.test(method)) {
    const message = `${quote(method)} must be the name of a method, letters, digits and '_', such as SayHello`
    report.violation(methodField, message)
  }
}

function checkService(service: string, field: string, report: Report): void {
  if (!SERVICE.test(service)) {
    const message = `${quote(service)} must be the name of a service with its package, letters, digits, '_' and '.', such as helloworld.Greeter`
    report.violation(field, message)
  } else if (service.startsWith('.')) {
    report.warning(field, `no call names its service with a dot before it: write ${service.slice(1)}`)
  }
}
