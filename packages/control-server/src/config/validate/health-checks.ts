import { child, item } from '../field-path.ts'
import type { HealthCheckSpec } from '../spec/load-balancer.ts'
import { checkDuration } from './durations.ts'
import { headerValueProblem } from './header-format.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

const KINDS_OF_CHECK = ['http', 'tcp', 'grpc'] as const

/** Methods without a body; CONNECT would ask for a tunnel. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']

export function checkHealthChecks(checks: readonly HealthCheckSpec[] | undefined, field: string, report: Report): void {
  for (const [index, check] of (checks ?? []).entries()) {
    const at = item(field, index)
    const given = KINDS_OF_CHECK.filter((name) => check[name] !== undefined)
    if (given.length !== 1) report.violation(at, `needs exactly one of ${KINDS_OF_CHECK.join(', ')}`)
    checkDuration(check.interval, child(at, 'interval'), report)
    checkDuration(check.timeout, child(at, 'timeout'), report)
    if (check.http !== undefined) checkHttp(check.http, child(at, 'http'), report)
  }
}

function checkHttp(http: NonNullable<HealthCheckSpec['http']>, field: string, report: Report): void {
  const { path = '', host, method = 'GET', expectedStatuses } = http
  if (!/^\/[\x21-\x7e]*$/.test(path)) {
    report.violation(child(field, 'path'), `${quote(path)} must begin with / and hold only visible ASCII characters`)
  }
  if (host !== undefined) report.check(child(field, 'host'), hostHeaderProblem(host))
  if (!METHODS.includes(method)) {
    report.violation(child(field, 'method'), `${quote(method)} must be one of ${METHODS.join(', ')}`)
  }
  for (const [index, { start, end }] of (expectedStatuses ?? []).entries()) {
    if (start < end) continue
    report.violation(item(child(field, 'expectedStatuses'), index), `ends before it begins: ${start} to below ${end}`)
  }
}

function hostHeaderProblem(host: string): string | undefined {
  if (host === '' || /\s/.test(host)) return `${quote(host)} is no value of a Host header`
  return headerValueProblem(host)
}
