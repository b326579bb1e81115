import { type Random, randomInt } from '../kernel/random.ts'
import type { CompiledDestination, CompiledRoute } from './route-table.ts'

/**
 * The destination for one request: the first whose cumulative weight lies above a random number below the total
 * (Envoy `weighted_cluster_specifier.cc`). A single destination gets everything, whatever its weight.
 */
export function chooseDestination(route: CompiledRoute, random: Random): CompiledDestination {
  const { destinations } = route
  const last = destinations.length - 1
  if (last > 0) {
    const drawn = randomInt(random, route.totalWeight)
    let cumulative = 0
    for (const destination of destinations) {
      cumulative += destination.weight
      if (drawn < cumulative) return destination
    }
  }
  return destinations[last] as CompiledDestination
}
