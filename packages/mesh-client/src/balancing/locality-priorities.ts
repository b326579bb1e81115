import type { Locality, LocalityLbSetting } from '@weft/mesh-protocol'

/*
 * Which priority an endpoint has for a caller: Istio `pilot/pkg/networking/core/loadbalancer/loadbalancer.go`. The ranks
 * given here are compared only; the priorities are what is left when gaps are closed.
 */

/** A caller or an endpoint, as far as its place counts. */
export interface Place {
  readonly locality: Locality
  readonly labels: Readonly<Record<string, string>>
}

type Rank = (endpoint: Place) => number

/** Istio `util.LocalityMatch`: `*` and a part that is left out stand for any zone or sub zone, `*` for any region. */
export function matchesLocality({ region, zone, subZone }: Locality, rule: string): boolean {
  const [ruleRegion = '', ruleZone = '', ruleSubZone = ''] = rule.split('/')
  return (
    (ruleRegion === '*' || ruleRegion === region) &&
    (ruleZone === '' || ruleZone === '*' || ruleZone === zone) &&
    (ruleSubZone === '' || ruleSubZone === '*' || ruleSubZone === subZone)
  )
}

/**
 * How endpoints rank for a caller, 0 first; `undefined` where all are alike: with `distribute`, and without outlier
 * detection, since nobody would ever fall over to another priority (unless `always`).
 */
export function rankingOf(setting: LocalityLbSetting, caller: Place, hasOutlierDetection: boolean): Rank | undefined {
  const { distribute = [], failover = [], failoverPriority = [], always = false, zoneAware } = setting
  if (distribute.length > 0 || !(hasOutlierDetection || always)) return undefined
  const byLabels = failoverPriority.length === 0 ? undefined : labelRank(failoverPriority, caller)
  if (zoneAware !== undefined) return combined(byLabels, regionRank(failover, caller), 3)
  if (failoverPriority.length > 0 && failover.length === 0) return byLabels
  return combined(byLabels, localityRank(failover, caller), 5)
}

/** Priorities without gaps: the rank's place among the ranks that there are. */
export function closeGaps(ranks: readonly number[]): number[] {
  const order = new Map([...new Set(ranks)].sort((a, b) => a - b).map((rank, at) => [rank, at] as const))
  return ranks.map((rank) => order.get(rank) as number)
}

function combined(first: Rank | undefined, second: Rank, size: number): Rank {
  return first === undefined ? second : (endpoint) => first(endpoint) * size + second(endpoint)
}

/** Same sub zone 0, zone 1, region 2, elsewhere 3; 4 where a rule says another region stands in for the caller's. */
function localityRank(failover: NonNullable<LocalityLbSetting['failover']>, { locality: own }: Place): Rank {
  const standIn = failover.find(({ from }) => from === own.region)?.to
  return ({ locality }) => {
    if (locality.region !== own.region) return standIn === undefined || locality.region === standIn ? 3 : 4
    if (locality.zone !== own.zone) return 2
    return locality.subZone === own.subZone ? 0 : 1
  }
}

/** For zone awareness, which weighs the zones of the own region itself: that region 0, its stand-in 1, elsewhere 2. */
function regionRank(failover: NonNullable<LocalityLbSetting['failover']>, { locality: own }: Place): Rank {
  const standIn = failover.find(({ from }) => from === own.region)?.to
  return ({ locality }) => {
    if (locality.region === own.region) return 0
    return locality.region === standIn ? 1 : 2
  }
}

const NETWORK = 'topology.istio.io/network'

/**
 * The number of labels from the first one that differs on; a network that differs counts last of all. A label that both
 * lack is alike. A caller without any labels and place sees no difference.
 */
function labelRank(failoverPriority: readonly string[], caller: Place): Rank | undefined {
  if (Object.keys(caller.labels).length === 0 && caller.locality.region === '') return undefined
  const given = new Map<string, string>()
  const keys = failoverPriority.map((entry) => {
    const [key = '', value, ...rest] = entry.split('=')
    if (value !== undefined && rest.length === 0) given.set(key, value)
    return key
  })
  const wanted = keys.map((key) => given.get(key) ?? labelOf(caller, key))
  const count = keys.length
  return (endpoint) => {
    let otherNetwork = 0
    for (let at = 0; at < count; at++) {
      if (labelOf(endpoint, keys[at] as string) === wanted[at]) continue
      if (at > 0 || failoverPriority[0] !== NETWORK) return count - at + otherNetwork
      otherNetwork = count
    }
    return otherNetwork
  }
}

/** Istio gives every workload labels that tell its locality, which win over its own (`label.AugmentLabels`). */
function labelOf({ labels, locality }: Place, key: string): string {
  return topologyLabel(locality, key) || (Object.hasOwn(labels, key) ? (labels[key] as string) : '')
}

function topologyLabel({ region, zone, subZone }: Locality, key: string): string {
  switch (key) {
    case 'topology.kubernetes.io/region':
      return region
    case 'topology.kubernetes.io/zone':
      return zone
    case 'topology.istio.io/subzone':
      return subZone
    default:
      return ''
  }
}
