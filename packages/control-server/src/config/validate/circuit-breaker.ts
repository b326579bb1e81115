import { child, entry } from '../field-path.ts'
import type { CircuitBreakerSpec } from '../spec/circuit-breaker.ts'
import type { Context } from './context.ts'
import { subsetNameProblem } from './destinations.ts'
import { checkDuration } from './durations.ts'
import { headerValueProblem } from './header-format.ts'
import { isAuthority, matchNameProblem } from './headers.ts'
import { domainProblem } from './hosts.ts'
import type { Report } from './report.ts'

/** What the schema of a CircuitBreaker cannot tell. */
export function checkCircuitBreaker(spec: CircuitBreakerSpec, { report }: Context): void {
  const { host = '', subset, rollingWindow, openDuration } = spec
  report.check('spec.host', domainProblem(host))
  if (subset !== undefined) report.check('spec.subset', subsetNameProblem(subset))
  checkDuration(rollingWindow, 'spec.rollingWindow', report)
  checkDuration(openDuration, 'spec.openDuration', report)
  checkFallback(spec, 'spec.fallback', report)
}

/** Null body statuses (Fetch, 2.2.3). */
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

/** The fields of either form of a fallback; which are there is what is checked. */
interface FallbackFields {
  readonly response?: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }
  readonly host?: string
  readonly subset?: string
  readonly port?: number
}

function checkFallback({ host, subset, fallback }: CircuitBreakerSpec, field: string, report: Report): void {
  if (fallback === undefined) return
  const given: FallbackFields = fallback
  if (given.response !== undefined) {
    for (const name of ['host', 'subset', 'port'] as const) {
      if (given[name] !== undefined) report.violation(child(field, name), 'cannot be given beside response')
    }
    const { status, headers, body = '' } = given.response
    checkResponseHeaders(headers, child(field, 'response.headers'), report)
    if (body !== '' && WITHOUT_BODY.includes(status)) {
      report.violation(child(field, 'response.body'), `cannot be given, as a response ${status} has none`)
    }
    return
  }
  if (given.host === undefined) {
    report.violation(field, 'needs a response or a host')
    return
  }
  report.check(child(field, 'host'), domainProblem(given.host))
  if (given.subset !== undefined) report.check(child(field, 'subset'), subsetNameProblem(given.subset))
  if (given.host === host && (given.subset ?? '') === (subset ?? '')) {
    report.violation(field, 'must lead elsewhere than to what the breaker guards')
  }
}

function checkResponseHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  field: string,
  report: Report,
): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    const at = entry(field, name)
    report.check(at, name.startsWith(':') || isAuthority(name) ? 'is no header of a response' : matchNameProblem(name))
    report.check(at, headerValueProblem(value))
  }
}
