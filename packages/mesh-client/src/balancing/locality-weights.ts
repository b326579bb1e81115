import type { Locality, LocalityLbSetting } from '@weft/mesh-protocol'
import { matchesLocality } from './locality-priorities.ts'
import type { HostCounts } from './priority-load.ts'

/*
 * Weights of localities against each other: what Istio's `distribute` makes of them, and what of a weight is effective
 * while hosts of the locality are ill.
 */

/** A locality with the weight that its endpoints have together. */
export interface WeightedLocality {
  readonly locality: Locality
  readonly weight: number
}

/**
 * The weight of each locality for a caller; `undefined` for one that gets no traffic. The share of a rule that several
 * localities fall under is divided between them by their own weights. Where no `from` matches the caller all keep theirs.
 * Istio `loadbalancer.go`, `applyLocalityWeights`.
 */
export function distributedWeights(
  distribute: NonNullable<LocalityLbSetting['distribute']>,
  caller: Locality,
  localities: readonly WeightedLocality[],
): (number | undefined)[] {
  const rule = distribute.find(({ from }) => matchesLocality(caller, from))
  if (rule === undefined) return localities.map(({ weight }) => weight)
  const weights = localities.map((): number | undefined => undefined)
  for (const [pattern, share] of Object.entries(rule.to)) {
    const matched = localities.flatMap(({ locality }, at) =>
      weights[at] === undefined && matchesLocality(locality, pattern) ? [at] : [],
    )
    const total = matched.reduce((sum, at) => sum + (localities[at] as WeightedLocality).weight, 0)
    for (const at of matched) weights[at] = Math.ceil(((localities[at] as WeightedLocality).weight * share) / total)
  }
  return weights
}

/**
 * What a locality's weight comes to while only some of its hosts can be used; up to the overprovisioning it stays whole.
 * Envoy `locality_wrr.cc`, `effectiveLocalityWeight`.
 */
export function effectiveWeight(weight: number, hosts: HostCounts, overprovisioningFactor: number): number {
  const counted = hosts.total - (hosts.excluded ?? 0)
  if (counted <= 0) return 0
  return weight * Math.min(1, ((overprovisioningFactor / 100) * hosts.healthy) / counted)
}
