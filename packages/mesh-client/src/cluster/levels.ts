import type { Locality } from '@weft/mesh-protocol'
import { closeGaps, type Place } from '../balancing/locality-priorities.ts'
import { distributedWeights, effectiveWeight } from '../balancing/locality-weights.ts'
import { type PriorityPlan, planPriorities } from '../balancing/panic.ts'
import { type ZoneRouting, zoneRouting } from '../balancing/zone-aware.ts'
import type { LocalityPlan } from './locality-plan.ts'
import type { EndpointState } from './types.ts'

/** The endpoints of one locality of one priority. */
export interface LocalityGroup {
  readonly locality: Locality
  /** Those that can be used. */
  readonly hosts: readonly EndpointState[]
  /** As policy or the endpoints have it; of hashing. */
  readonly weight: number
  /** What is left of it while some of the endpoints are ill. */
  readonly effectiveWeight: number
}

/** The endpoints of one priority. */
export interface Level {
  /** All that it has, whatever their health. */
  readonly members: readonly EndpointState[]
  /** Those that are called: the ones that can be used or, in panic, everyone. */
  readonly hosts: readonly EndpointState[]
  readonly panic: boolean
  /** Weighed against each other; absent: the locality makes no difference. */
  readonly localities?: readonly LocalityGroup[]
  /** Chosen between by the share of the callers that are there; in the order of {@link zones}. */
  readonly zoneRouting?: ZoneRouting
  readonly zones?: readonly LocalityGroup[]
}

export interface Levels {
  readonly levels: readonly Level[]
  readonly plan: PriorityPlan
}

export interface LevelPolicy {
  /** Absent: one priority. */
  readonly plan: LocalityPlan | undefined
  readonly overprovisioningFactor: number
  readonly panicThresholdPercent: number
  readonly self: Place
  /** The endpoints of the service that this process belongs to; `undefined` where they are not known. */
  readonly callers: () => Iterable<EndpointState> | undefined
}

/** Endpoints of one locality while they are sorted. */
interface Group {
  readonly locality: Locality
  readonly members: EndpointState[]
  readonly hosts: EndpointState[]
}

/**
 * Sorts endpoints into priorities and localities, and says how much each priority gets.
 *
 * @param members All that may ever be called, at least in panic.
 * @param isUsable Whether one can be used now.
 */
export function sortIntoLevels(
  members: readonly EndpointState[],
  isUsable: (state: EndpointState) => boolean,
  policy: LevelPolicy,
): Levels {
  const { plan } = policy
  const served = plan?.distribute === undefined ? members : withShare(members, plan.distribute, policy.self)
  const sorted = byPriority(served, plan?.rank)
  const counted = sorted.map((all) => ({ all, usable: all.filter(isUsable) }))
  const priorities = planPriorities(
    counted.length === 0 ? [NOBODY] : counted.map(({ all, usable }) => ({ total: all.length, healthy: usable.length })),
    policy.overprovisioningFactor,
    policy.panicThresholdPercent,
  )
  const levels = counted.map(({ all, usable }, priority): Level => {
    if (priorities.panic[priority] === true) return { members: all, hosts: connecting(all), panic: true }
    const level = { members: all, hosts: usable, panic: false }
    return {
      ...level,
      ...localitiesOf(all, isUsable, policy),
      ...(priority === 0 ? zonesOf(all, isUsable, policy) : {}),
    }
  })
  return { levels, plan: priorities }
}

const NOBODY = { total: 0, healthy: 0 }

/** In panic health is not looked at, but who refuses connections is left out while another does not. */
function connecting(states: readonly EndpointState[]): readonly EndpointState[] {
  const others = states.filter(({ refused }) => !refused)
  return others.length > 0 ? others : states
}

function byPriority(
  states: readonly EndpointState[],
  rank: LocalityPlan['rank'],
): readonly (readonly EndpointState[])[] {
  if (states.length === 0) return []
  if (rank === undefined) return [states]
  const levels: EndpointState[][] = []
  const priorities = closeGaps(states.map(({ endpoint }) => rank(endpoint)))
  states.forEach((state, at) => {
    const priority = priorities[at] as number
    levels[priority] ??= []
    levels[priority].push(state)
  })
  return levels
}

function localitiesOf(
  members: readonly EndpointState[],
  isUsable: (state: EndpointState) => boolean,
  { plan, self, overprovisioningFactor }: LevelPolicy,
): Pick<Level, 'localities'> {
  if (plan?.weighted !== true) return {}
  const groups = byLocality(members, isUsable)
  if (groups.length < 2) return {}
  const weights = weightsOf(groups, plan.distribute, self)
  const localities = groups.map(({ locality, members: all, hosts }, at) => {
    const weight = weights[at] ?? 0
    const counts = { total: all.length, healthy: hosts.length }
    return { locality, hosts, weight, effectiveWeight: effectiveWeight(weight, counts, overprovisioningFactor) }
  })
  return localities.some(({ effectiveWeight: left }) => left > 0) ? { localities } : {}
}

function zonesOf(
  members: readonly EndpointState[],
  isUsable: (state: EndpointState) => boolean,
  { plan, self, panicThresholdPercent, callers }: LevelPolicy,
): Pick<Level, 'zoneRouting' | 'zones'> {
  const known = plan?.zoneAware === undefined ? undefined : callers()
  if (plan?.zoneAware === undefined || known === undefined) return {}
  const local = byLocality([...known], isWell)
  // Callers in panic are no measure of where calls come from (Envoy `load_balancer_impl.cc`, `isHostSetInPanic` of the local set).
  const all = local.reduce((sum, { members: inZone }) => sum + inZone.length, 0)
  const well = local.reduce((sum, { hosts }) => sum + hosts.length, 0)
  if (100 * well < panicThresholdPercent * all) return {}
  const upstream = byLocality(members, isUsable)
  const own = keyOf(self.locality)
  const callersIn = new Map(local.map((group) => [keyOf(group.locality), group.hosts.length]))
  const zones = upstream.map(({ locality, hosts }) => {
    const key = keyOf(locality)
    const callersHere = callersIn.get(key)
    callersIn.delete(key)
    return { upstream: hosts.length, ...(callersHere === undefined ? {} : { local: callersHere }), own: key === own }
  })
  const others = [...callersIn].map(([key, count]) => ({ local: count, own: key === own }))
  const routing = zoneRouting([...zones, ...others], plan.zoneAware)
  if (routing === undefined) return {}
  return {
    zoneRouting: routing,
    zones: upstream.map(({ locality, hosts }) => ({ locality, hosts, weight: 1, effectiveWeight: 1 })),
  }
}

function isWell({ endpoint, ejected, unhealthy }: EndpointState): boolean {
  return endpoint.healthStatus === 'HEALTHY' && !ejected && !unhealthy
}

/** Without the endpoints of localities that get no traffic. */
function withShare(
  states: readonly EndpointState[],
  distribute: NonNullable<LocalityPlan['distribute']>,
  self: Place,
): readonly EndpointState[] {
  const groups = byLocality(states, () => true)
  const weights = weightsOf(groups, distribute, self)
  return groups.every((_, at) => weights[at] !== undefined)
    ? states
    : groups.flatMap(({ members }, at) => (weights[at] === undefined ? [] : members))
}

function weightsOf(
  groups: readonly Group[],
  distribute: LocalityPlan['distribute'],
  self: Place,
): readonly (number | undefined)[] {
  const own = groups.map(({ locality, members }) => ({
    locality,
    weight: members.reduce((sum, { endpoint }) => sum + endpoint.weight, 0),
  }))
  return distribute === undefined ? own.map(({ weight }) => weight) : distributedWeights(distribute, self.locality, own)
}

function byLocality(states: readonly EndpointState[], isUsable: (state: EndpointState) => boolean): Group[] {
  const groups = new Map<string, Group>()
  for (const state of states) {
    const { locality } = state.endpoint
    const key = keyOf(locality)
    const group = groups.get(key) ?? { locality, members: [], hosts: [] }
    groups.set(key, group)
    group.members.push(state)
    if (isUsable(state)) group.hosts.push(state)
  }
  return [...groups.values()]
}

const keyOf = ({ region, zone, subZone }: Locality): string => `${region}/${zone}/${subZone}`
