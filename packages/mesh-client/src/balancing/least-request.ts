import { type Random, randomInt } from '../kernel/random.ts'
import { createEdfSchedule, randomStart } from './edf-schedule.ts'
import { type BalancedHost, equalWeights, type Picker } from './picker.ts'

/**
 * Power of two choices: the one of two random hosts that has fewer requests under way, the first drawn on a tie. The two
 * are always different (Finagle `P2CPick.scala`); Envoy draws with replacement and so, of two hosts, looks at the busier
 * one alone a quarter of the time.
 *
 * Where weights differ it is a weighted round robin by `weight / (active + 1)`, looked at when a host has had its turn
 * (Envoy `least_request_lb.cc`, `active_request_bias` 1).
 */
export function leastRequestPicker<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  if (equalWeights(hosts)) return powerOfTwo(hosts, random)
  const weightOf = (index: number): number => {
    const host = hosts[index] as H
    return host.endpoint.weight / (host.active + 1)
  }
  const schedule = createEdfSchedule(hosts.length, weightOf, randomStart(random))
  return { pick: () => hosts[schedule.next()] }
}

function powerOfTwo<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  const count = hosts.length
  return {
    pick() {
      if (count < 2) return hosts[0]
      const first = randomInt(random, count)
      const other = randomInt(random, count - 1)
      const a = hosts[first] as H
      const b = hosts[other < first ? other : other + 1] as H
      return b.active < a.active ? b : a
    },
  }
}
