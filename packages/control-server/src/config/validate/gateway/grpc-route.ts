import { child, item } from '../../field-path.ts'
import { grpcPath } from '../../spec/gateway/grpc-path.ts'
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
function checkMethod(match: GrpcMethodMatch, field: string, context: Context): void {
  const problems = match.type === 'RegularExpression' ? patternProblems(match, context) : nameProblems(match)
  for (const { at, message } of problems) context.report.violation(at === '' ? field : child(field, at), message)
  if (problems.length > 0) return
  const { service = '' } = match
  if (match.type !== 'RegularExpression' && service.startsWith('.')) {
    const message = `no call names its service with a dot before it: write ${service.slice(1)}`
    context.report.warning(child(field, 'service'), message)
  }
  const path = grpcPath(match)
  // Every client compiles it, and refuses what is too large for it with all routes of the service.
  if (path !== undefined && 'regex' in path) context.report.check(field, context.regex(path.regex))
}

/** What is wrong with a match, and with which of its fields; empty: with the whole. */
interface Problem {
  readonly at: '' | 'service' | 'method'
  readonly message: string
}

function patternProblems({ service = '', method = '' }: GrpcMethodMatch, { regex }: Context): Problem[] {
  if (service === '' && method === '') {
    return [{ at: '', message: 'needs a service or a method that is not empty' }]
  }
  return Object.entries({ service, method }).flatMap(([at, pattern]) => {
    const message = pattern === '' ? undefined : regex(pattern)
    return message === undefined ? [] : [{ at, message } as Problem]
  })
}

function nameProblems({ service, method }: GrpcMethodMatch): Problem[] {
  if (service === undefined && method === undefined) return [{ at: '', message: 'needs a service or a method' }]
  const problems: Problem[] = []
  if (service !== undefined && !SERVICE.test(service)) {
    const message = `${quote(service)} must be the name of a service with its package, letters, digits, '_' and '.', such as helloworld.Greeter`
    problems.push({ at: 'service', message })
  }
  if (method !== undefined && !METHOD.test(method)) {
    const message = `${quote(method)} must be the name of a method, letters, digits and '_', such as SayHello`
    problems.push({ at: 'method', message })
  }
  return problems
}
