import type { Endpoint } from '@weft/mesh-protocol'
import { createPicker } from '../balancing/create-picker.ts'
import { pickUntried } from '../balancing/pick-untried.ts'
import type { BalancingPolicy, Picker, PickerDeps } from '../balancing/picker.ts'
import { createEndpointRecord, type EndpointRecord } from './endpoint-record.ts'
import type { EndpointState, PickContext } from './types.ts'

/**
 * The endpoints of one cluster: their records by id, which of them can be used, and the picker over those. What can be
 * used is found anew at the first pick after a change and not at the change, so that many changes at once cost once.
 */
export class EndpointSet {
  readonly #deps: PickerDeps
  readonly #records = new Map<string, EndpointRecord>()
  #policy: BalancingPolicy
  #usable: readonly EndpointState[] = []
  #picker: Picker<EndpointState> | undefined
  /** The picker before the last change, whose table serves until a new one is built. */
  #former: Picker<EndpointState> | undefined

  constructor(policy: BalancingPolicy, deps: PickerDeps) {
    this.#policy = policy
    this.#deps = deps
  }

  get size(): number {
    return this.#records.size
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
  replace(endpoints: ReadonlyMap<string, Endpoint>, policy: BalancingPolicy): EndpointRecord[] {
    this.#policy = policy
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
    if (context.avoidTried && context.tried.length > 0) {
      return pickUntried(this.#policy, this.#usable, picker, context.tried, this.#deps, context.hash)
    }
    return picker.pick(context.hash)
  }

  /**
   * Usable is what discovery calls healthy and outlier detection has not ejected: there is no panic mode, as Istio has
   * it (`minHealthPercent` 0). Refused endpoints are left out while another is usable, and used when nothing else is left.
   */
  #rebuild(): Picker<EndpointState> {
    const admitted: EndpointState[] = []
    let refused = 0
    for (const record of this.#records.values()) {
      if (record.endpoint.healthStatus !== 'HEALTHY' || record.ejected) continue
      if (record.refused) refused++
      admitted.push(record)
    }
    const someConnect = refused > 0 && refused < admitted.length
    this.#usable = someConnect ? admitted.filter((record) => !record.refused) : admitted
    this.#picker = createPicker(this.#policy, this.#usable, this.#deps, { former: this.#former })
    this.#former = undefined
    return this.#picker
  }
}
