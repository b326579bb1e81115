import type { SlowStartConfig } from '@weft/mesh-protocol'
import { type Random, randomInt } from '../kernel/random.ts'
import { edfPicker } from './edf-picker.ts'
import { type BalancedHost, equalWeights, type Picker, type PickerDeps } from './picker.ts'
import { slowStartPicker } from './slow-start.ts'

/**
 * One after the other from a random one on; where weights differ or hosts warm up, each as often as its weight says. Envoy
 * `round_robin_lb.cc`.
 */
export function roundRobinPicker<H extends BalancedHost>(
  hosts: readonly H[],
  deps: PickerDeps,
  slowStart?: SlowStartConfig,
): Picker<H> {
  const { random } = deps
  const weightOf = (index: number): number => (hosts[index] as H).endpoint.weight
  return slowStartPicker(hosts, slowStart, deps, weightOf, () =>
    equalWeights(hosts) ? rotation(hosts, random) : edfPicker(hosts, random, weightOf),
  )
}

/** One after the other from a random one on. */
export function rotation<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  let at = randomInt(random, hosts.length)
  return {
    pick() {
      if (at >= hosts.length) at = 0
      return hosts[at++]
    },
  }
}
