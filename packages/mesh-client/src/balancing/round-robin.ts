import { type Random, randomInt } from '../kernel/random.ts'
import { createEdfSchedule, randomStart } from './edf-schedule.ts'
import { type BalancedHost, equalWeights, type Picker } from './picker.ts'

/** One after the other from a random one on; where weights differ, each as often as its weight says. */
export function roundRobinPicker<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  if (equalWeights(hosts)) return rotation(hosts, random)
  const schedule = createEdfSchedule(hosts.length, (index) => (hosts[index] as H).endpoint.weight, randomStart(random))
  return { pick: () => hosts[schedule.next()] }
}

function rotation<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  let at = randomInt(random, hosts.length)
  return {
    pick() {
      if (at >= hosts.length) at = 0
      return hosts[at++]
    },
  }
}
