import { child, item } from '../field-path.ts'
import type { ConsistentHashLb, HttpCookie, LoadBalancerSettings } from '../spec/destination-rule.ts'
import { checkOneOf } from './choices.ts'
import { checkAnyDuration, checkDuration, checkMinimumDuration } from './durations.ts'
import { quote } from './hosts.ts'
import { checkLocalityLb, checkZoneAwareLb } from './locality.ts'
import type { Report } from './report.ts'

/** Envoy's Maglev takes tables below this size. */
const MAGLEV_LIMIT = 5_000_011

/** Istio `validateLoadBalancer`. */
export function checkLoadBalancer(
  settings: LoadBalancerSettings | undefined,
  hasOutlierDetection: boolean,
  field: string,
  report: Report,
): void {
  if (settings === undefined) return
  const { consistentHash, localityLbSetting, zoneAwareLbSetting, warmupDurationSecs, warmup } = settings
  checkOneOf(settings, ['simple', 'consistentHash', 'backendUtilization'], field, report)
  if (consistentHash !== undefined) checkConsistentHash(consistentHash, child(field, 'consistentHash'), report)
  checkBackendUtilization(settings.backendUtilization, child(field, 'backendUtilization'), report)
  if (localityLbSetting !== undefined && zoneAwareLbSetting !== undefined) {
    report.violation(
      child(field, 'zoneAwareLbSetting'),
      'only one of localityLbSetting and zoneAwareLbSetting may be given',
    )
  }
  checkLocalityLb(localityLbSetting, hasOutlierDetection, child(field, 'localityLbSetting'), report)
  checkZoneAwareLb(zoneAwareLbSetting, hasOutlierDetection, child(field, 'zoneAwareLbSetting'), report)
  checkMinimumDuration(warmupDurationSecs, child(field, 'warmupDurationSecs'), report)
  warnWarmup(settings, field, report)
  if (warmup === undefined) return
  checkDuration(warmup.duration, child(field, 'warmup.duration'), report)
  if (warmup.aggression !== undefined && warmup.aggression <= 0) {
    report.violation(child(field, 'warmup.aggression'), `must be above 0, not ${warmup.aggression}`)
  }
}

/** Envoy has a slow start for two policies only (Istio `cluster_traffic_policy.go` `setWarmup`). */
function warnWarmup(settings: LoadBalancerSettings, field: string, report: Report): void {
  const { simple = 'UNSPECIFIED', consistentHash, backendUtilization } = settings
  const other = simple === 'RANDOM' || simple === 'PASSTHROUGH'
  if (!other && consistentHash === undefined && backendUtilization === undefined) return
  for (const name of ['warmup', 'warmupDurationSecs'] as const) {
    if (settings[name] !== undefined)
      report.warning(child(field, name), 'has no effect: only ROUND_ROBIN and LEAST_REQUEST warm endpoints up')
  }
}

function checkBackendUtilization(
  settings: LoadBalancerSettings['backendUtilization'],
  field: string,
  report: Report,
): void {
  for (const [name, value] of Object.entries(settings ?? {})) {
    if (name.endsWith('Period') && typeof value === 'string') checkAnyDuration(value, child(field, name), report)
  }
}

function checkConsistentHash(hash: ConsistentHashLb, field: string, report: Report): void {
  const { httpCookie, minimumRingSize = 0, ringHash, maglev } = hash
  checkOneOf(hash, ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'], field, report)
  checkOneOf(hash, ['ringHash', 'maglev'], field, report)
  if (httpCookie !== undefined) checkCookie(httpCookie, child(field, 'httpCookie'), report)
  if (minimumRingSize !== 0) {
    report.warning(child(field, 'minimumRingSize'), 'deprecated; use ringHash.minimumRingSize', 'deprecated')
    if (ringHash !== undefined || maglev !== undefined) {
      report.violation(child(field, 'minimumRingSize'), 'cannot be given beside ringHash or maglev')
    }
  }
  if (maglev !== undefined) report.check(child(field, 'maglev.tableSize'), tableSizeProblem(maglev.tableSize ?? 0))
}

function checkCookie(cookie: HttpCookie, field: string, report: Report): void {
  if ((cookie.name ?? '') === '') report.violation(child(field, 'name'), 'must not be empty')
  checkAnyDuration(cookie.ttl, child(field, 'ttl'), report)
  const names = new Set<string>()
  for (const [index, { name = '' }] of (cookie.attributes ?? []).entries()) {
    const at = child(item(child(field, 'attributes'), index), 'name')
    if (name === '') report.violation(at, 'must not be empty')
    else if (names.has(name)) report.violation(at, `${quote(name)} is there twice`)
    names.add(name)
  }
}

function tableSizeProblem(size: number): string | undefined {
  if (size >= MAGLEV_LIMIT) return `must be below ${MAGLEV_LIMIT}, not ${size}`
  return isPrime(size) ? undefined : `must be a prime number, such as 65537, not ${size}`
}

/** As Envoy tells it, with 1 among the primes. */
function isPrime(value: number): boolean {
  if (value > 0 && value < 4) return true
  if (value % 2 === 0) return false
  for (let factor = 3; factor * factor <= value; factor += 2) if (value % factor === 0) return false
  return true
}
