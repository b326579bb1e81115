import { child, item } from '../field-path.ts'
import type { HttpRoute, Percent } from '../spec/virtual-service.ts'
import { checkDestination } from './destinations.ts'
import type { Report } from './report.ts'

/** Where copies of the requests go: `mirror` with its percentage, or `mirrors`. */
export function checkMirrors(route: HttpRoute, field: string, report: Report): void {
  const { mirror, mirrors, mirrorPercent, mirrorPercentage } = route
  if (mirror !== undefined && mirrors !== undefined && mirrors.length > 0) {
    report.violation(child(field, 'mirrors'), 'only one of mirror and mirrors may be given')
  }
  checkDestination(mirror, child(field, 'mirror'), report)
  for (const [index, policy] of (mirrors ?? []).entries()) {
    const at = item(child(field, 'mirrors'), index)
    checkDestination(policy.destination, child(at, 'destination'), report)
    checkPercentage(policy.percentage, child(at, 'percentage'), report)
  }
  checkPercentage(mirrorPercentage, child(field, 'mirrorPercentage'), report)
  if (mirrorPercent === undefined) return
  if (mirrorPercent > 100) report.violation(child(field, 'mirrorPercent'), `must be at most 100, not ${mirrorPercent}`)
  report.warning(child(field, 'mirrorPercent'), 'deprecated; use mirrorPercentage', 'deprecated')
}

function checkPercentage(percentage: Percent | undefined, field: string, report: Report): void {
  const value = percentage?.value ?? 0
  if (!(value >= 0 && value <= 100)) report.violation(child(field, 'value'), `must be from 0 to 100, not ${value}`)
}
