import { type Cluster, DEFAULT_OVERPROVISIONING_FACTOR, type Endpoint } from '@weft/mesh-protocol'
import { createPicker } from '../balancing/create-picker.ts'
import type { Place } from '../balancing/locality-priorities.ts'
import { pickUntried } from '../balancing/pick-untried.ts'
import type { Picker, PickerDeps } from '../balancing/picker.ts'
import { createEndpointRecord, type EndpointRecord } from './endpoint-record.ts'
import { sortIntoLevels } from './levels.ts'
import { type LocalityPlan, localityPlan } from './locality-plan.ts'
import { nodeFilter } from './node-local.ts'
import { type SubsetFilter, subsetFilter } from './subset-fallback.ts'
import { TieredPicker } from './tiered-picker.ts'
import type { EndpointState, PickContext } from './types.ts'

export interface EndpointSetDeps extends PickerDeps {
  /** Where this process runs. */
  readonly self: Place
  /** The endpoints of the service that this process belongs to; `undefined` where they are not known. */
  readonly callers: () => Iterable<EndpointState> | undefined
}

/**
 * The endpoints of one cluster: their records by id, which of them can be used, and the picker over those. What can be
 * used is found anew at the first pick after a change and not at the change, so that many changes at once cost once.
 */
export class EndpointSet {
  readonly #deps: EndpointSetDeps
  readonly #records = new Map<string, EndpointRecord>()
  #config: Cluster
  #plan: LocalityPlan | undefined
  #node: SubsetFilter | undefined
  #subset: SubsetFilter | undefined
  #usable: readonly EndpointState[] = []
  #picker: Picker<EndpointState> | undefined
  /** The picker before the last change, whose table serves until a new one is built. */
  #former: Picker<EndpointState> | undefined

  constructor(config: Cluster, deps: EndpointSetDeps) {
    this.#config = config
    this.#deps = deps
    this.#follow(config)
  }

  get size(): number {
    return this.#records.size
  }

  /** Whether zones are chosen by where the callers are. */
  get zoneAware(): boolean {
    return this.#plan?.zoneAware !== undefined
  }

  records(): Iterable<EndpointRecord> {
    return this.#records.values()
  }

  byId(id: string): EndpointRecord | undefined {
    return this.#records.get(id)
  }

  /** The record of a state that picks have given out; `undefined` once the endpoint is gone. */
  recordOf(state: EndpointState): EndpointRecord | undefined {
    const record = this.#records.get(state.endpoint.id)
    return record === state ? record : undefined
  }

  /** Takes a new assignment and gives back the records that it no longer names, marked as draining. */
  replace(endpoints: ReadonlyMap<string, Endpoint>, config: Cluster): EndpointRecord[] {
    this.#follow(config)
    const now = this.#deps.clock.now()
    for (const [id, endpoint] of endpoints) {
      const record = this.#records.get(id)
      if (record === undefined) this.#records.set(id, createEndpointRecord(endpoint, now))
      else {
        if (record.endpoint.healthStatus !== 'HEALTHY' && endpoint.healthStatus === 'HEALTHY') record.warmSince = now
        record.endpoint = endpoint
      }
    }
    const gone: EndpointRecord[] = []
    if (this.#records.size > endpoints.size) {
      for (const [id, record] of this.#records) {
        if (endpoints.has(id)) continue
        this.#records.delete(id)
        record.draining = true
        gone.push(record)
      }
    }
    this.changed()
    return gone
  }

  /** Tells that a record may have become usable or unusable. */
  changed(): void {
    this.#former = this.#picker ?? this.#former
    this.#picker = undefined
  }

  pick(context: PickContext): EndpointState | undefined {
    const picker = this.#picker ?? this.#rebuild()
    return context.tried.length === 0 ? picker.pick(context.hash) : this.#pickAgain(picker, context)
  }

  #pickAgain(picker: Picker<EndpointState>, context: PickContext): EndpointState | undefined {
    if (picker instanceof TieredPicker) return picker.pickAgain(context)
    return context.avoidTried
      ? pickUntried(this.#config, this.#usable, picker, context.tried, this.#deps, context.hash)
      : picker.pick(context.hash)
  }

  #follow(config: Cluster): void {
    this.#config = config
    this.#plan = localityPlan(config, this.#deps.self)
    this.#node = nodeFilter(config, this.#deps.self)
    this.#subset = subsetFilter(config)
  }

  #rebuild(): Picker<EndpointState> {
    const former = this.#former
    this.#former = undefined
    const members = this.#members()
    const isUsable = usability(members)
    const panicThresholdPercent = this.#config.healthyPanicThresholdPercent ?? 0
    if (this.#plan === undefined && panicThresholdPercent === 0) return this.#flat(members.filter(isUsable), former)
    const sorted = sortIntoLevels(members, isUsable, {
      plan: this.#plan,
      overprovisioningFactor: this.#config.overprovisioningFactor ?? DEFAULT_OVERPROVISIONING_FACTOR,
      panicThresholdPercent,
      self: this.#deps.self,
      callers: this.#deps.callers,
    })
    const [first, ...others] = sorted.levels
    if (first === undefined) return this.#flat([], former)
    const differs = others.length > 0 || first.localities !== undefined || first.zoneRouting !== undefined
    if (!differs) return this.#flat(first.hosts, former)
    this.#picker = new TieredPicker(sorted, this.#config, this.#deps, former)
    return this.#picker
  }

  /** The picker of a cluster in which localities make no difference. */
  #flat(hosts: readonly EndpointState[], former: Picker<EndpointState> | undefined): Picker<EndpointState> {
    this.#usable = hosts
    this.#picker = createPicker(this.#config, hosts, this.#deps, { former })
    return this.#picker
  }

  /** Those that may be called, if only in panic: not the ones that say they are about to go. */
  #members(): readonly EndpointState[] {
    const staying: EndpointState[] = []
    for (const record of this.#records.values()) if (record.endpoint.healthStatus !== 'DRAINING') staying.push(record)
    const near = this.#node === undefined ? staying : this.#node(staying)
    return this.#subset === undefined ? near : this.#subset(near)
  }
}

/**
 * Usable is what discovery and health checks call healthy and outlier detection has not ejected. Refused endpoints are left
 * out while another is usable, and used when nothing else is left.
 */
function usability(members: readonly EndpointState[]): (state: EndpointState) => boolean {
  const isAdmitted = ({ endpoint, ejected, unhealthy }: EndpointState): boolean =>
    endpoint.healthStatus === 'HEALTHY' && !ejected && !unhealthy
  const someConnect = members.some((state) => !state.refused && isAdmitted(state))
  return someConnect ? (state) => !state.refused && isAdmitted(state) : isAdmitted
}
