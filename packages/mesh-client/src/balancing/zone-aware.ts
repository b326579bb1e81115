import { type Random, randomInt } from '../kernel/random.ts'

/*
 * Keeps as much as possible in the caller's zone while every host of the cluster still gets its share: Envoy
 * `load_balancer_impl.cc`, `regenerateLocalityRoutingStructures` and `tryChooseLocalLocalityHosts`.
 */

/** One zone, as the callers and the called see it. */
export interface ZoneCounts {
  /** Healthy hosts of the cluster that is called; absent: it has none there, not even ill ones. */
  readonly upstream?: number
  /** Healthy hosts of the cluster that the caller belongs to; absent likewise. */
  readonly local?: number
  /** Whether it is the caller's own; at most one is. */
  readonly own: boolean
}

export interface ZoneAwareConfig {
  /** Below this number of healthy upstream hosts zones are not looked at. */
  readonly minClusterSize: number
  /** Share of the calls that zones are looked at for, 0 to 100. */
  readonly routingEnabledPercent: number
  /** Everything stays in the own zone where it has this many healthy hosts. */
  readonly forceLocalZoneMinSize?: number
}

/** How a call finds its zone. Zones are told by their index among those that have upstream hosts. */
export interface ZoneRouting {
  /** The own zone; -1 where nothing stays there. */
  readonly own: number
  /** Ten-thousandths of the calls that stay in the own zone. */
  readonly stay: number
  /** Percent of the calls that zones are looked at for. */
  readonly enabledPercent: number
  /** Running sums of what each zone can take besides. */
  readonly residual: readonly number[]
}

const WHOLE = 10_000

/** `undefined`: zones are not looked at. */
export function zoneRouting(zones: readonly ZoneCounts[], config: ZoneAwareConfig): ZoneRouting | undefined {
  const upstream = zones.filter((zone) => zone.upstream !== undefined)
  const local = zones.filter((zone) => zone.local !== undefined)
  const hosts = upstream.reduce((sum, zone) => sum + (zone.upstream ?? 0), 0)
  const callers = local.reduce((sum, zone) => sum + (zone.local ?? 0), 0)
  const forced = config.forceLocalZoneMinSize
  if (upstream.length < 2 || hosts < config.minClusterSize) return undefined
  if (forced === undefined && local.length < 2) return undefined
  if (!local.some(({ own }) => own)) return undefined
  const shares = upstream.map((zone) => ({
    own: zone.own,
    healthy: zone.upstream ?? 0,
    up: share(zone.upstream, hosts),
    // Where nobody is to be called, it does not matter how many call.
    down: zone.upstream === 0 ? 0 : share(zone.local, callers),
  }))
  const own = shares.find((zone) => zone.own)
  let residual = 0
  return {
    enabledPercent: config.routingEnabledPercent,
    own: own === undefined ? -1 : shares.indexOf(own),
    stay: own === undefined ? 0 : stayingShare(own, forced),
    residual: shares.map((zone) => {
      if (!zone.own) residual += Math.max(0, zone.up - zone.down)
      return residual
    }),
  }
}

function share(part: number | undefined, whole: number): number {
  return whole === 0 ? 0 : Math.floor((WHOLE * (part ?? 0)) / whole)
}

function stayingShare(
  { up, down, healthy }: { readonly up: number; readonly down: number; readonly healthy: number },
  forced: number | undefined,
): number {
  if ((up > 0 && up >= down) || (forced !== undefined && healthy >= forced)) return WHOLE
  return down > 0 ? Math.floor((up * WHOLE) / down) : 0
}

/** The zone for one call, -1 for all of them; where rounding has left no zone any room, any. */
export function chooseZone({ own, stay, residual, enabledPercent }: ZoneRouting, random: Random): number {
  if (enabledPercent < 100 && randomInt(random, 100) >= enabledPercent) return -1
  if (stay === WHOLE || randomInt(random, WHOLE) < stay) return own
  const room = residual.at(-1) ?? 0
  if (room === 0) return randomInt(random, residual.length)
  const point = randomInt(random, room)
  return residual.findIndex((bound) => point < bound)
}
