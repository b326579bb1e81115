import type { BalancedHost, PickerScope } from './picker.ts'

/** Hosts with their shares, which sum to 1. The order is that in which they were given. */
export interface HostWeights<H extends BalancedHost> {
  readonly hosts: readonly H[]
  readonly shares: Float64Array
  /** 1 where there are no hosts. */
  readonly minShare: number
  /** 0 where there are no hosts. */
  readonly maxShare: number
}

/**
 * The share of each host: its weight in its locality, times that of the locality among all. Localities of weight 0 are
 * left out with their hosts. Envoy `thread_aware_lb_impl.cc`, `normalizeWeights`.
 */
export function hostWeights<H extends BalancedHost>(
  hosts: readonly H[],
  localities: PickerScope<H>['localities'],
): HostWeights<H> {
  const groups = (localities ?? [{ weight: 1, hosts }]).filter(({ weight }) => weight > 0)
  const all = groups.flatMap((group) => group.hosts)
  const shares = new Float64Array(all.length)
  const total = groups.reduce((sum, { weight }) => sum + weight, 0)
  let at = 0
  let minShare = 1
  let maxShare = 0
  for (const group of groups) {
    const sum = group.hosts.reduce((soFar, { endpoint }) => soFar + endpoint.weight, 0)
    for (const { endpoint } of group.hosts) {
      // In this order of operations, as Envoy has it: rounding decides the length of some rings.
      const share = (endpoint.weight * (group.weight / total)) / sum
      shares[at++] = share
      minShare = Math.min(minShare, share)
      maxShare = Math.max(maxShare, share)
    }
  }
  return { hosts: all, shares, minShare, maxShare }
}
