import type { ClientSideWeightedRoundRobinConfig } from '@weft/mesh-protocol'

/** Envoy keeps weights in 32 bits. */
const MAX_WEIGHT = 2 ** 32 - 1

/** What the weight of an endpoint is made of. */
export type WeightRule = Pick<
  ClientSideWeightedRoundRobinConfig,
  'errorUtilizationPenalty' | 'metricNamesForComputingUtilization'
>

/**
 * The weight that a report gives: requests a second for the utilization that they cost, errors adding to it. `undefined`:
 * it says nothing of either. gRFC A58; Envoy `orca_weight_manager.cc`, `calculateWeightFromOrcaReport`.
 */
export function reportedWeight(report: ReadonlyMap<string, number>, rule: WeightRule): number | undefined {
  const requests = report.get('rps_fractional') ?? 0
  if (!(requests > 0)) return undefined
  const errors = report.get('eps') ?? 0
  const used = utilization(report, rule.metricNamesForComputingUtilization)
  const cost = used + (errors / requests) * rule.errorUtilizationPenalty
  return cost > 0 ? Math.min(requests / cost, MAX_WEIGHT) : undefined
}

/** Metrics that a rule names go first, as in Envoy since 1.37; gRPC (gRFC A114) has `application_utilization` before them. */
function utilization(report: ReadonlyMap<string, number>, names: readonly string[]): number {
  let highest = 0
  for (const name of names) highest = Math.max(highest, report.get(name) ?? 0)
  if (highest > 0) return highest
  const application = report.get('application_utilization') ?? 0
  return application > 0 ? application : (report.get('cpu_utilization') ?? 0)
}

/**
 * The weights to pick by: whoever has none gets the mean of the others, so that it is neither shunned nor flooded. All are
 * 1 where fewer than two are known, since one alone compares with nobody. gRFC A58; Envoy takes the median.
 */
export function filledWeights(known: readonly (number | undefined)[]): Float64Array {
  const given = known.filter((weight) => weight !== undefined)
  const mean = given.reduce((sum, weight) => sum + weight, 0) / given.length
  return Float64Array.from(known, (weight) => (given.length < 2 ? 1 : (weight ?? mean)))
}
