import { parseDurationNanoseconds } from '../duration.ts'
import { child, item } from '../field-path.ts'
import type { CorsPolicy } from '../spec/virtual-service.ts'
import type { Context } from './context.ts'
import { checkDuration } from './durations.ts'
import { corsNameProblem } from './headers.ts'
import { quote } from './hosts.ts'
import { checkStringMatch } from './string-match.ts'

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*']

const SECOND = 1_000_000_000n

/** Istio `validateCORSPolicy`. */
export function checkCorsPolicy(policy: CorsPolicy | undefined, field: string, context: Context): void {
  if (policy === undefined) return
  const { report } = context
  for (const [index, origin] of (policy.allowOrigins ?? []).entries()) {
    const at = item(child(field, 'allowOrigins'), index)
    const text = origin.exact ?? origin.prefix ?? origin.regex ?? ''
    if (text === '') report.violation(at, 'needs an exact, prefix or regex that is not empty')
    else checkStringMatch(origin, at, context)
  }
  for (const [index, method] of (policy.allowMethods ?? []).entries()) {
    if (METHODS.includes(method)) continue
    report.violation(item(child(field, 'allowMethods'), index), `${quote(method)} must be one of ${METHODS.join(', ')}`)
  }
  for (const name of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [index, header] of (policy[name] ?? []).entries()) {
      report.check(item(child(field, name), index), corsNameProblem(header))
    }
  }
  checkMaxAge(policy.maxAge, child(field, 'maxAge'), context)
}

function checkMaxAge(maxAge: string | undefined, field: string, { report }: Context): void {
  if (maxAge === undefined) return
  checkDuration(maxAge, field, report)
  const parsed = parseDurationNanoseconds(maxAge)
  if (parsed.ok && parsed.value > 0n && parsed.value % SECOND !== 0n) report.violation(field, 'must be whole seconds')
}
