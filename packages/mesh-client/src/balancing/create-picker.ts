import { HashPicker } from './hash-picker.ts'
import { leastRequestPicker } from './least-request.ts'
import { peakEwmaPicker } from './peak-ewma.ts'
import type { BalancedHost, BalancingPolicy, Picker, PickerDeps, PickerScope } from './picker.ts'
import { randomPicker } from './random.ts'
import { reportedLoadPicker } from './reported-load-picker.ts'
import { roundRobinPicker } from './round-robin.ts'

/** The picker of a policy over a set of hosts. */
export function createPicker<H extends BalancedHost>(
  policy: BalancingPolicy,
  hosts: readonly H[],
  deps: PickerDeps,
  scope: PickerScope<H> = {},
): Picker<H> {
  scope.former?.close?.()
  switch (policy.lbPolicy) {
    case 'ROUND_ROBIN':
      return roundRobinPicker(hosts, deps, policy.slowStart)
    case 'RANDOM':
      return randomPicker(hosts, deps.random)
    case 'LEAST_REQUEST':
      return leastRequestPicker(hosts, deps, policy.leastRequest, policy.slowStart)
    case 'RING_HASH':
    case 'MAGLEV':
      return new HashPicker(policy, hosts, deps, scope)
    case 'PEAK_EWMA':
      return peakEwmaPicker(hosts, deps, policy.peakEwma)
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN':
      return reportedLoadPicker(hosts, deps, policy.clientSideWeightedRoundRobin)
  }
}
