import { type Random, randomInt } from '../kernel/random.ts'
import { type BalancedHost, equalWeights, type Picker } from './picker.ts'

/** A random host; where weights differ, each with the probability that its weight says. */
export function randomPicker<H extends BalancedHost>(hosts: readonly H[], random: Random): Picker<H> {
  if (equalWeights(hosts)) return { pick: () => hosts[randomInt(random, hosts.length)] }
  const bounds = new Float64Array(hosts.length)
  let total = 0
  hosts.forEach(({ endpoint }, index) => {
    total += endpoint.weight
    bounds[index] = total
  })
  return { pick: () => hosts[firstAbove(bounds, random.next() * total)] }
}

/** Index of the first bound above the value. */
function firstAbove(bounds: Float64Array, value: number): number {
  let low = 0
  let high = bounds.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}
