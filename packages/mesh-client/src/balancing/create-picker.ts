import { leastRequestPicker } from './least-request.ts'
import type { BalancedHost, BalancingPolicy, Picker, PickerDeps, PickerScope } from './picker.ts'
import { randomPicker } from './random.ts'
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
      return roundRobinPicker(hosts, deps.random)
    case 'RING_HASH':
    case 'MAGLEV':
    case 'RANDOM':
      return randomPicker(hosts, deps.random)
    case 'PEAK_EWMA':
    case 'LEAST_REQUEST':
      return leastRequestPicker(hosts, deps.random)
  }
}
