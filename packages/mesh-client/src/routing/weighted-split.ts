import { type Random, randomInt } from '../kernel/random.ts'

/** Destinations with their shares. */
export interface WeightedSplit<D extends { readonly weight: number }> {
  /** One or more. */
  readonly destinations: readonly D[]
  /** Sum of the weights. */
  readonly totalWeight: number
}

/**
 * The destination for one request: the first whose cumulative weight lies above a random number below the total
 * (Envoy `weighted_cluster_specifier.cc`). A single destination gets everything, whatever its weight.
 */
export function chooseDestination<D extends { readonly weight: number }>(route: WeightedSplit<D>, random: Random): D {
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
  return destinations[last] as D
}
