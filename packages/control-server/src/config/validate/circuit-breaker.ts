import { child, entry } from '../field-path.ts'
import type { CircuitBreakerSpec } from '../spec/circuit-breaker.ts'
import type { Context } from './context.ts'
import { subsetNameProblem } from './destinations.ts'
import { checkDuration } from './durations.ts'
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

/** The fields of either form of a fallback; which are there is what is checked. */
interface FallbackFields {
  readonly response?: { readonly headers?: Readonly<Record<string, string>> }
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
    checkResponseHeaders(given.response.headers, child(field, 'response.headers'), report)
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
    if (/[\r\n\0]/.test(value)) report.violation(at, 'the value must not hold line breaks')
  }
}
