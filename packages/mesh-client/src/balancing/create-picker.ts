import type { LbPolicy } from '@weft/mesh-protocol'
import type { Random } from '../kernel/random.ts'
import { leastRequestPicker } from './least-request.ts'
import type { BalancedHost, Picker } from './picker.ts'
import { randomPicker } from './random.ts'
import { roundRobinPicker } from './round-robin.ts'

/** The picker of a policy over a set of hosts. */
export function createPicker<H extends BalancedHost>(policy: LbPolicy, hosts: readonly H[], random: Random): Picker<H> {
  switch (policy) {
    case 'ROUND_ROBIN':
      return roundRobinPicker(hosts, random)
    case 'RANDOM':
      return randomPicker(hosts, random)
    case 'LEAST_REQUEST':
      return leastRequestPicker(hosts, random)
  }
}
