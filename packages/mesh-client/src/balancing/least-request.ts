import { DEFAULT_LEAST_REQUEST, type LeastRequestConfig, type SlowStartConfig } from '@weft/mesh-protocol'
import { type Random, randomInt, randomOther } from '../kernel/random.ts'
import { edfPicker } from './edf-picker.ts'
import { type BalancedHost, equalWeights, type Picker, type PickerDeps } from './picker.ts'
import { slowStartPicker } from './slow-start.ts'

/**
 * The one of some random hosts that has the fewest requests under way, the first drawn on a tie. Of two choices, the
 * default, both are always different (Finagle `P2CPick.scala`); Envoy draws with replacement and so, of two hosts, looks
 * at the busier one alone a quarter of the time. More choices are drawn with replacement.
 *
 * Where weights differ or hosts warm up it is a weighted round robin by `weight / (active + 1) ^ activeRequestBias`,
 * looked at when a host has had its turn (Envoy `least_request_lb.cc`).
 */
export function leastRequestPicker<H extends BalancedHost>(
  hosts: readonly H[],
  deps: PickerDeps,
  config: LeastRequestConfig = DEFAULT_LEAST_REQUEST,
  slowStart?: SlowStartConfig,
): Picker<H> {
  const { random } = deps
  const weightOf = biasedWeight(hosts, config.activeRequestBias)
  return slowStartPicker(hosts, slowStart, deps, weightOf, () => {
    if (!equalWeights(hosts)) return edfPicker(hosts, random, weightOf)
    return config.choiceCount === 2 ? powerOfTwo(hosts, random) : choices(hosts, random, config.choiceCount)
  })
}

/** A bias that is no number, or below 0, counts as 1, as in Envoy. */
function biasedWeight(hosts: readonly BalancedHost[], given: number): (index: number) => number {
  const bias = given >= 0 ? given : 1
  if (bias === 1) {
    return (index) => {
      const { endpoint, active } = hosts[index] as BalancedHost
      return endpoint.weight / (active + 1)
    }
  }
  return (index) => {
    const { endpoint, active } = hosts[index] as BalancedHost
    return endpoint.weight / (active + 1) ** bias
  }
}

function choices<H extends BalancedHost>(hosts: readonly H[], random: Random, count: number): Picker<H> {
  return {
    pick() {
      let least = hosts[randomInt(random, hosts.length)]
      for (let drawn = 1; drawn < count; drawn++) {
        const other = hosts[randomInt(random, hosts.length)]
        if (least !== undefined && other !== undefined && other.active < least.active) least = other
      }
      return least
    },
  }
}

function powerOfTwo<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  const count = hosts.length
  return {
    pick() {
      if (count < 2) return hosts[0]
      const first = randomInt(random, count)
      const a = hosts[first] as H
      const b = hosts[randomOther(random, count, first)] as H
      return b.active < a.active ? b : a
    },
  }
}
