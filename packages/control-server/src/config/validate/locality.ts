import { child, entry, item } from '../field-path.ts'
import type { Failover, LocalityLbSetting, ZoneAwareLbSetting } from '../spec/destination-rule.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

const TOPOLOGY_LABELS: readonly string[] = [
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
]

const NEEDS_OUTLIER_DETECTION = 'has no effect without outlierDetection, which tells which endpoints fail'

/** Istio `ValidateLocalityLbSetting`. */
export function checkLocalityLb(
  setting: LocalityLbSetting | undefined,
  hasOutlierDetection: boolean,
  field: string,
  report: Report,
): void {
  if (setting === undefined) return
  const { distribute = [], failover = [], failoverPriority = [] } = setting
  if (distribute.length > 0 && failover.length > 0) {
    report.violation(child(field, 'failover'), 'only one of distribute and failover may be given')
    return
  }
  const topology = failoverPriority.find((label) => TOPOLOGY_LABELS.includes(label))
  if (failover.length > 0 && topology !== undefined) {
    report.violation(
      child(field, 'failoverPriority'),
      `${topology} cannot be given beside failover, which orders regions`,
    )
  }
  checkDistribute(distribute, child(field, 'distribute'), report)
  if (failover.length + failoverPriority.length > 0 && !hasOutlierDetection)
    report.warning(field, NEEDS_OUTLIER_DETECTION)
  checkFailover(failover, child(field, 'failover'), report)
}

/** Istio `ValidateZoneAwareLbSetting`: regions, zones and subzones order themselves. */
export function checkZoneAwareLb(
  setting: ZoneAwareLbSetting | undefined,
  hasOutlierDetection: boolean,
  field: string,
  report: Report,
): void {
  if (setting === undefined) return
  const { failover = [], failoverPriority = [] } = setting
  for (const [index, label] of failoverPriority.entries()) {
    if (!TOPOLOGY_LABELS.includes(label)) continue
    report.violation(item(child(field, 'failoverPriority'), index), `${label} is already taken into account by itself`)
  }
  if (failover.length + failoverPriority.length > 0 && !hasOutlierDetection)
    report.warning(field, NEEDS_OUTLIER_DETECTION)
  checkFailover(failover, child(field, 'failover'), report)
}

function checkFailover(failover: readonly Failover[], field: string, report: Report): void {
  for (const [index, { from = '', to = '' }] of failover.entries()) {
    const at = item(field, index)
    if (from === to) report.violation(at, 'from and to must be different regions')
    if (from.includes('/') || to.includes('/')) report.violation(at, 'from and to are regions, without a zone')
    if (from.includes('*') || to.includes('*')) report.violation(at, 'from and to are regions, without a wildcard')
  }
}

function checkDistribute(
  distribute: NonNullable<LocalityLbSetting['distribute']>,
  field: string,
  report: Report,
): void {
  for (const [index, { to = {} }] of distribute.entries()) {
    const at = child(item(field, index), 'to')
    const weights = Object.entries(to)
    for (const [locality, weight] of weights) {
      if (!(weight >= 1 && weight <= 100)) report.violation(entry(at, locality), `must be from 1 to 100, not ${weight}`)
    }
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
    if (total !== 100) report.violation(at, `the weights must sum to 100, not ${total}`)
    checkLocalities(Object.keys(to), at, report)
  }
  checkLocalities(
    distribute.map(({ from = '' }) => from),
    field,
    report,
  )
}

/** Localities `region[/zone[/subzone]]` that may end in `*` and must not cover each other. */
function checkLocalities(localities: readonly string[], field: string, report: Report): void {
  const taken = new Set<string>()
  for (const locality of localities) {
    const parts = splitLocality(locality)
    if (/\*./.test(locality)) {
      report.violation(field, `${quote(locality)} may have one wildcard, and only at its end`)
    } else if (parts.includes('')) {
      report.violation(field, `${quote(locality)} must be region, region/zone or region/zone/subzone`)
    } else if (overlaps(parts, taken)) {
      report.violation(field, `${quote(locality)} overlaps with another locality`)
    }
    for (let length = 1; length <= parts.length; length++) taken.add(JSON.stringify(parts.slice(0, length)))
    taken.add(JSON.stringify([...parts, '*']))
  }
}

/** At most three parts; what follows belongs to the subzone. */
function splitLocality(locality: string): string[] {
  const [region = '', zone, ...rest] = locality.split('/')
  return [region, ...(zone === undefined ? [] : [zone]), ...(rest.length === 0 ? [] : [rest.join('/')])]
}

/** Whether an earlier locality covers this one or, for a region or zone, lies inside it. */
function overlaps(parts: readonly string[], taken: ReadonlySet<string>): boolean {
  if (taken.has('["*","*"]') || taken.has(JSON.stringify(parts))) return true
  return parts.some((_, index) => taken.has(JSON.stringify([...parts.slice(0, index + 1), '*'])))
}
