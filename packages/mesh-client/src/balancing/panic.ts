import {
  type Availability,
  availabilityOf,
  countedHosts,
  type HostCounts,
  loadByAvailability,
  type PriorityLoad,
  sum,
} from './priority-load.ts'

/*
 * When so few hosts are well that those would be overrun: all are used then. Envoy `load_balancer_impl.cc`,
 * `recalculatePerPriorityPanic`.
 */

/** What is decided for the priorities of a cluster. */
export interface PriorityPlan {
  readonly load: PriorityLoad
  /** By priority: whether all of its hosts are used, whatever their health. */
  readonly panic: readonly boolean[]
  readonly availability: Availability
}

/**
 * @param levels By priority, at least one.
 * @param overprovisioningFactor Percent, see {@link availabilityOf}.
 * @param panicThresholdPercent A priority with a smaller share of healthy hosts is in panic; 0 turns it off, and where
 *   nothing is healthy then the first priority gets everything and has nobody for it.
 */
export function planPriorities(
  levels: readonly HostCounts[],
  overprovisioningFactor: number,
  panicThresholdPercent: number,
): PriorityPlan {
  const availability = availabilityOf(levels, overprovisioningFactor)
  const load = loadByAvailability(availability)
  if (load === undefined && panicThresholdPercent === 0) {
    return { load: everythingTo(0, levels.length), panic: levels.map(() => false), availability }
  }
  const enough = availability.normalizedTotal === 100
  const panic = levels.map((level) => !enough && isInPanic(level, panicThresholdPercent))
  if (load !== undefined && !panic.every(Boolean)) return { load, panic, availability }
  return { load: loadInTotalPanic(levels), panic, availability }
}

/** Whether the share of hosts that are well is below the threshold; excluded hosts do not count. */
export function isInPanic(level: HostCounts, thresholdPercent: number): boolean {
  const counted = countedHosts(level)
  const wellPercent = counted === 0 ? 0 : (100 * (level.healthy + (level.degraded ?? 0))) / counted
  return wellPercent < Math.min(100, thresholdPercent)
}

/** By the number of hosts alone; the rest that rounding leaves goes to the first priority that has any. */
export function loadInTotalPanic(levels: readonly HostCounts[]): PriorityLoad {
  const total = sum(levels.map((level) => level.total))
  if (total === 0) return everythingTo(0, levels.length)
  const load = levels.map((level) => Math.floor((100 * level.total) / total))
  const first = levels.findIndex((level) => level.total > 0)
  load[first] = (load[first] as number) + 100 - sum(load)
  return { healthy: load, degraded: levels.map(() => 0) }
}

function everythingTo(priority: number, count: number): PriorityLoad {
  const healthy = Array.from({ length: count }, (_, at) => (at === priority ? 100 : 0))
  return { healthy, degraded: healthy.map(() => 0) }
}
