import type { Random } from '../kernel/random.ts'

/*
 * How much of the load each priority gets: Envoy `load_balancer_impl.cc`, `recalculatePerPriorityState` and
 * `choosePriority`. Whole percents throughout, rounded down as there.
 */

/** The hosts of one priority, counted. */
export interface HostCounts {
  /** All of them, whatever their health. */
  readonly total: number
  readonly healthy: number
  /** Serving, but to be spared. Weft's discovery tells of none. */
  readonly degraded?: number
  /** Not looked at, neither as well nor as ill. */
  readonly excluded?: number
}

/** Percents by priority; together they are 100. */
export interface PriorityLoad {
  readonly healthy: readonly number[]
  readonly degraded: readonly number[]
}

/** How available each priority is, 0 to 100, with what `overprovisioningFactor` grants. */
export interface Availability {
  readonly healthy: readonly number[]
  readonly degraded: readonly number[]
  /** The sum over all priorities, at most 100; below it there are not enough hosts for the load. */
  readonly normalizedTotal: number
}

/** Without its excluded hosts. */
export function countedHosts({ total, excluded = 0 }: HostCounts): number {
  return total - excluded
}

/** @param overprovisioningFactor Percent; 140: a priority is as good as whole down to 72 % of its hosts. */
export function availabilityOf(levels: readonly HostCounts[], overprovisioningFactor: number): Availability {
  const share = (hosts: number, counted: number): number =>
    counted > 0 ? Math.min(100, Math.floor((overprovisioningFactor * hosts) / counted)) : 0
  const healthy = levels.map((level) => share(level.healthy, countedHosts(level)))
  const degraded = levels.map((level) => share(level.degraded ?? 0, countedHosts(level)))
  return { healthy, degraded, normalizedTotal: Math.min(100, sum(healthy) + sum(degraded)) }
}

/**
 * Each priority takes what it can, healthy hosts before degraded ones; what rounding leaves over goes to the first that has
 * any. `undefined` where nothing is available.
 */
export function loadByAvailability({ healthy, degraded, normalizedTotal }: Availability): PriorityLoad | undefined {
  if (normalizedTotal === 0) return undefined
  const forHealthy = distribute(healthy, 100, normalizedTotal)
  const forDegraded = distribute(degraded, forHealthy.remaining, normalizedTotal)
  const [first, rest] = forHealthy.first < 0 ? [forDegraded.first, forDegraded] : [forHealthy.first, forHealthy]
  rest.load[first] = (rest.load[first] as number) + forDegraded.remaining
  return { healthy: forHealthy.load, degraded: forDegraded.load }
}

function distribute(
  availability: readonly number[],
  total: number,
  normalizedTotal: number,
): { readonly load: number[]; readonly remaining: number; readonly first: number } {
  let remaining = total
  const load = availability.map((available) => {
    const taken = Math.min(remaining, Math.floor((available * 100) / normalizedTotal))
    remaining -= taken
    return taken
  })
  return { load, remaining, first: availability.findIndex((available) => available > 0) }
}

/** The priority that a point from 1 to 100 falls to, healthy loads first. */
export function choosePriority(load: PriorityLoad, point: number): { priority: number; degraded: boolean } {
  let reached = 0
  for (const kind of ['healthy', 'degraded'] as const) {
    for (let priority = 0; priority < load[kind].length; priority++) {
      reached += load[kind][priority] as number
      if (point <= reached) return { priority, degraded: kind === 'degraded' }
    }
  }
  return { priority: 0, degraded: false }
}

/** A point for {@link choosePriority}. */
export function randomPoint(random: Random): number {
  return 1 + Math.floor(random.next() * 100)
}

/**
 * The load for one more attempt, when after every `updateFrequency` attempts the priorities tried so far are left out;
 * when none is left that has hosts, all count again. `undefined`: the load is as for a first attempt.
 * Envoy `previous_priorities.cc`.
 *
 * @param tried The priority of each attempt so far; -1 for one that is no longer known.
 */
export function loadWithoutTried(
  availability: Availability,
  tried: readonly number[],
  updateFrequency: number,
): PriorityLoad | undefined {
  let excluded = new Set<number>()
  let since = 0
  let load: PriorityLoad | undefined
  for (let made = updateFrequency; made <= tried.length; made += updateFrequency) {
    for (const priority of tried.slice(since, made)) excluded.add(priority)
    load = loadWithout(availability, excluded)
    if (load !== undefined) continue
    excluded = new Set()
    since = made
  }
  return load
}

function loadWithout({ healthy, degraded }: Availability, excluded: ReadonlySet<number>): PriorityLoad | undefined {
  const without = (values: readonly number[]): number[] => values.map((value, at) => (excluded.has(at) ? 0 : value))
  const left = { healthy: without(healthy), degraded: without(degraded) }
  return loadByAvailability({ ...left, normalizedTotal: Math.min(100, sum(left.healthy) + sum(left.degraded)) })
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
