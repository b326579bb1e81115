import { child } from '../field-path.ts'
import type { LoadBalancerSpec, OutlierExtrasSpec } from '../spec/load-balancer.ts'
import type { Context } from './context.ts'
import { subsetNameProblem } from './destinations.ts'
import { checkDuration } from './durations.ts'
import { checkExportTo } from './export-to.ts'
import { checkHealthChecks } from './health-checks.ts'
import { domainProblem, quote } from './hosts.ts'
import { checkLabels } from './labels.ts'
import type { Report } from './report.ts'

/** What the schema of a LoadBalancer cannot tell. */
export function checkBalancing(spec: LoadBalancerSpec, { report, namespace }: Context): void {
  const { host = '', subset } = spec
  report.check('spec.host', domainProblem(host))
  if (subset !== undefined) report.check('spec.subset', subsetNameProblem(subset))
  checkExportTo(spec.exportTo, namespace, {}, report)
  checkPolicyParts(spec, report)
  for (const name of ['decayTime', 'defaultRtt', 'failurePenalty'] as const) {
    checkDuration(spec.peakEwma?.[name], `spec.peakEwma.${name}`, report)
  }
  checkFallback(spec.subsetFallback, 'spec.subsetFallback', report)
  checkOutlierExtras(spec.outlierDetection, 'spec.outlierDetection', report)
  checkHealthChecks(spec.healthChecks, 'spec.healthChecks', report)
}

/** The policies that a part of the spec is for. Where no policy is given the DestinationRule may have one of them. */
const PARTS: readonly (readonly [part: keyof LoadBalancerSpec, policies: readonly string[]])[] = [
  ['peakEwma', ['PEAK_EWMA']],
  ['leastRequest', ['LEAST_REQUEST']],
  ['hashBalanceFactor', ['RING_HASH', 'MAGLEV']],
]

function checkPolicyParts(spec: LoadBalancerSpec, report: Report): void {
  for (const [part, policies] of PARTS) {
    if (spec[part] === undefined) continue
    const at = child('spec', part)
    if (spec.policy === undefined) {
      if (part === 'peakEwma') report.violation(at, 'needs policy PEAK_EWMA, which no DestinationRule can give')
    } else if (!policies.includes(spec.policy)) {
      report.violation(at, `is only for policy ${policies.join(' or ')}, not ${spec.policy}`)
    }
  }
}

const FALLBACKS: readonly string[] = ['NO_FALLBACK', 'ANY_ENDPOINT']

function checkFallback(fallback: LoadBalancerSpec['subsetFallback'], field: string, report: Report): void {
  if (fallback === undefined) return
  if (typeof fallback === 'string') {
    if (FALLBACKS.includes(fallback)) return
    report.violation(field, `must be ${FALLBACKS.join(', ')} or { defaultSubset: { labels } }, not ${quote(fallback)}`)
    return
  }
  const { labels = {} } = fallback.defaultSubset ?? {}
  if (Object.keys(labels).length === 0) report.violation(`${field}.defaultSubset.labels`, 'needs at least one label')
  checkLabels(labels, `${field}.defaultSubset.labels`, report)
}

function checkOutlierExtras(extras: OutlierExtrasSpec | undefined, field: string, report: Report): void {
  checkDuration(extras?.maxEjectionTime, child(field, 'maxEjectionTime'), report)
  checkDuration(extras?.maxEjectionTimeJitter, child(field, 'maxEjectionTimeJitter'), report)
}
