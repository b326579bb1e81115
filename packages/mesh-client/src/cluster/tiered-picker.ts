import { createPicker } from '../balancing/create-picker.ts'
import { createEdfSchedule, type EdfSchedule, randomStart } from '../balancing/edf-schedule.ts'
import { pickUntried } from '../balancing/pick-untried.ts'
import { type BalancingPolicy, type Picker, type PickerDeps, picksByHash } from '../balancing/picker.ts'
import { choosePriority, loadWithoutTried, type PriorityLoad, randomPoint } from '../balancing/priority-load.ts'
import { chooseZone } from '../balancing/zone-aware.ts'
import { type Hash64, hashModulo } from '../kernel/hash64.ts'
import type { Level, Levels, LocalityGroup } from './levels.ts'
import type { EndpointState, PickContext } from './types.ts'

/**
 * Picks over several priorities and localities: first the priority by its load, then the locality by its weight or zone,
 * then the endpoint by the policy of the cluster. A picker of its own for each, made when it is first needed.
 */
export class TieredPicker implements Picker<EndpointState> {
  readonly #deps: PickerDeps
  readonly #byHash: boolean
  readonly #tiers: readonly Tier[]
  readonly #sorted: Levels
  /** The priority that gets everything; -1 where several share. */
  readonly #only: number

  constructor(sorted: Levels, policy: BalancingPolicy, deps: PickerDeps, former?: Picker<EndpointState>) {
    this.#deps = deps
    this.#byHash = picksByHash(policy)
    this.#sorted = sorted
    this.#only = sorted.plan.load.healthy.indexOf(100)
    const formers = former instanceof TieredPicker ? former.#tiers : []
    this.#tiers = sorted.levels.map((level, at) => {
      const before = former instanceof TieredPicker ? formers[at]?.handOver() : at === 0 ? former : undefined
      return new Tier(level, policy, deps, before)
    })
    if (former instanceof TieredPicker) former.close()
  }

  pick(hash?: Hash64, attempt?: number): EndpointState | undefined {
    const priority = this.#only >= 0 ? this.#only : this.#choose(this.#sorted.plan.load, hash)
    return this.#tiers[priority]?.pick(hash, attempt)
  }

  /**
   * For a further attempt: another endpoint than those tried, as long as a priority that gets traffic has one. Priorities
   * that get none are left alone, unless the retry policy has the tried ones left out.
   */
  pickAgain({ tried, avoidTried, hash, previousPrioritiesUpdateFrequency }: PickContext): EndpointState | undefined {
    const load = this.#loadFor(tried, previousPrioritiesUpdateFrequency)
    const first = this.#choose(load, hash)
    if (avoidTried) {
      const untried = this.#tiers[first]?.pickUntried(tried, hash) ?? this.#anyUntried(load, tried, hash)
      if (untried !== undefined) return untried
    }
    return this.#tiers[first]?.pick(hash)
  }

  close(): void {
    for (const tier of this.#tiers) tier.close()
  }

  #choose(load: PriorityLoad, hash: Hash64 | undefined): number {
    const point = this.#byHash && hash !== undefined ? 1 + hashModulo(hash, 100) : randomPoint(this.#deps.random)
    return choosePriority(load, point).priority
  }

  #anyUntried(
    load: PriorityLoad,
    tried: readonly EndpointState[],
    hash: Hash64 | undefined,
  ): EndpointState | undefined {
    for (const [priority, share] of load.healthy.entries()) {
      const found = share > 0 ? this.#tiers[priority]?.pickUntried(tried, hash) : undefined
      if (found !== undefined) return found
    }
    return undefined
  }

  #loadFor(tried: readonly EndpointState[], updateFrequency: number | undefined): PriorityLoad {
    const { levels, plan } = this.#sorted
    if (updateFrequency === undefined) return plan.load
    const priorities = tried.map((state) => levels.findIndex(({ members }) => members.includes(state)))
    return loadWithoutTried(plan.availability, priorities, updateFrequency) ?? plan.load
  }
}

/** One priority. */
class Tier {
  readonly #level: Level
  readonly #policy: BalancingPolicy
  readonly #deps: PickerDeps
  readonly #groups: readonly LocalityGroup[]
  /** Indexes of the groups that have a weight left. */
  readonly #weighted: readonly number[]
  readonly #groupPickers: (Picker<EndpointState> | undefined)[] = []
  #former: Picker<EndpointState> | undefined
  #whole: Picker<EndpointState> | undefined
  #schedule: EdfSchedule | undefined

  constructor(level: Level, policy: BalancingPolicy, deps: PickerDeps, former: Picker<EndpointState> | undefined) {
    this.#level = level
    this.#policy = policy
    this.#deps = deps
    this.#former = former
    // One table of a hashing policy serves all localities, by their weights.
    this.#groups = picksByHash(policy) ? [] : (level.zones ?? level.localities ?? [])
    this.#weighted = this.#groups.flatMap(({ effectiveWeight }, at) => (effectiveWeight > 0 ? [at] : []))
  }

  pick(hash: Hash64 | undefined, attempt?: number): EndpointState | undefined {
    const at = this.#chooseGroup()
    const found = at < 0 ? undefined : this.#groupPicker(at).pick(hash, attempt)
    return found ?? this.#wholePicker().pick(hash, attempt)
  }

  pickUntried(tried: readonly EndpointState[], hash: Hash64 | undefined): EndpointState | undefined {
    if (this.#level.hosts.every((host) => tried.includes(host))) return undefined
    const at = this.#chooseGroup()
    const hosts = this.#groups[at]?.hosts ?? []
    const inGroup = hosts.some((host) => !tried.includes(host))
    return inGroup
      ? pickUntried(this.#policy, hosts, this.#groupPicker(at), tried, this.#deps, hash)
      : pickUntried(this.#policy, this.#level.hosts, this.#wholePicker(), tried, this.#deps, hash)
  }

  /** The picker over the whole priority, for the one that follows; this one is not used any more. */
  handOver(): Picker<EndpointState> | undefined {
    const picker = this.#whole ?? this.#former
    this.#whole = undefined
    this.#former = undefined
    return picker
  }

  close(): void {
    this.handOver()?.close?.()
    for (const picker of this.#groupPickers) picker?.close?.()
  }

  #chooseGroup(): number {
    const { zoneRouting } = this.#level
    if (this.#groups.length === 0) return -1
    if (zoneRouting !== undefined) return chooseZone(zoneRouting, this.#deps.random)
    this.#schedule ??= createEdfSchedule(
      this.#weighted.length,
      (index) => this.#groups[this.#weighted[index] as number]?.effectiveWeight ?? 0,
      randomStart(this.#deps.random),
    )
    return this.#weighted[this.#schedule.next()] ?? -1
  }

  #groupPicker(at: number): Picker<EndpointState> {
    this.#groupPickers[at] ??= createPicker(this.#policy, this.#groups[at]?.hosts ?? [], this.#deps)
    return this.#groupPickers[at]
  }

  #wholePicker(): Picker<EndpointState> {
    if (this.#whole === undefined) {
      const { hosts, localities } = this.#level
      const former = this.#former
      this.#former = undefined
      this.#whole = createPicker(this.#policy, hosts, this.#deps, { former, ...(localities && { localities }) })
    }
    return this.#whole
  }
}
