import { child, item } from '../field-path.ts'
import { isDnsLabel } from '../names.ts'
import type { BackendTrafficPolicySpec, PolicyTargetReference } from '../spec/backend-traffic-policy.ts'
import { parseGatewayDuration } from '../spec/gateway/duration.ts'
import type { Context } from './context.ts'
import { checkSessionPersistence } from './gateway/session-persistence.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

/** What the schema of an XBackendTrafficPolicy cannot tell (its CRD, GEP-3388). */
export function checkBackendTrafficPolicy(spec: BackendTrafficPolicySpec, { report }: Context): void {
  checkTargets(spec.targetRefs, report)
  const { budget, minRetryRate } = spec.retryConstraint ?? {}
  const at = 'spec.retryConstraint'
  report.check(`${at}.budget.interval`, intervalProblem(budget?.interval, { ms: SECOND_MS, named: '1s' }))
  report.check(`${at}.minRetryRate.interval`, intervalProblem(minRetryRate?.interval, { ms: 1, named: '1ms' }))
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

const SECOND_MS = 1000
const HOUR_MS = 3_600_000

/** A duration of Gateway API (GEP-2257) of at most one hour. */
function intervalProblem(
  text: string | undefined,
  minimum: { readonly ms: number; readonly named: string },
): string | undefined {
  if (text === undefined) return undefined
  const parsed = parseGatewayDuration(text)
  if (!parsed.ok) return parsed.error
  return parsed.value >= minimum.ms && parsed.value <= HOUR_MS
    ? undefined
    : `must be from ${minimum.named} to 1h, not ${text}`
}
