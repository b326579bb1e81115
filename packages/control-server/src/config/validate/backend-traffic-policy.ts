import { child, item } from '../field-path.ts'
import { isDnsLabel } from '../names.ts'
import type { BackendTrafficPolicySpec, PolicyTargetReference } from '../spec/backend-traffic-policy.ts'
import type { Context } from './context.ts'
import { checkSessionPersistence } from './gateway/session-persistence.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

/** What the schema of an XBackendTrafficPolicy cannot tell (its CRD, GEP-3388). */
export function checkBackendTrafficPolicy(spec: BackendTrafficPolicySpec, { report }: Context): void {
  checkTargets(spec.targetRefs, report)
  const { budget, minRetryRate } = spec.retryConstraint ?? {}
  const at = 'spec.retryConstraint'
  report.check(`${at}.budget.interval`, intervalProblem(budget?.interval))
  report.check(`${at}.minRetryRate.interval`, intervalProblem(minRetryRate?.interval))
  checkSessionPersistence(spec.sessionPersistence, 'spec.sessionPersistence', report)
}

function checkTargets(targets: readonly PolicyTargetReference[] | undefined, report: Report): void {
  if (targets === undefined || targets.length === 0) report.violation('spec.targetRefs', 'needs at least one target')
  const seen = new Set<string>()
  for (const [index, { group, kind = '', name = '' }] of (targets ?? []).entries()) {
    const at = item('spec.targetRefs', index)
    const key = `${group}/${kind}/${name}`
    if (seen.has(key)) report.violation(at, `${kind} ${quote(name)} is there twice`)
    seen.add(key)
    if (name === '') report.violation(child(at, 'name'), 'must not be empty')
    if (group === '' && kind === 'Service') {
      if (name !== '' && !isDnsLabel(name))
        report.violation(child(at, 'name'), `${quote(name)} is no name of a Service`)
    } else
      report.warning(at, `has no effect: only a Service of the core group (group "") is a target, not ${quote(kind)}`)
  }
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** A duration of Gateway API (GEP-2257) from one second to one hour. */
function intervalProblem(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!/^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/.test(text)) {
    return `${quote(text)} is not a duration: write whole numbers with a unit (h, m, s, ms), such as 10s or 1m30s`
  }
  const parts = Array.from(text.matchAll(/(\d+)(h|ms|m|s)/g))
  const seconds = parts.reduce((sum, [, digits, unit = '']) => sum + Number(digits) * (SECONDS[unit] ?? 0), 0)
  return seconds >= 1 && seconds <= 3600 ? undefined : `must be from 1s to 1h, not ${text}`
}
