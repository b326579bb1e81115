import {
  type ClusterLoadAssignmentUpdate,
  ENDPOINTS_PER_PAGE,
  type Endpoint,
  type ResourceKey,
  resourceKey,
} from '@weft/mesh-protocol'
import { MultiMap } from '../kernel/multi-map.ts'
import type { ServiceInstance } from '../registry/model.ts'
import type { TranslateContext } from '../translate/context.ts'
import { type AssignmentKey, assignedInstances, translateEndpoint } from '../translate/endpoints.ts'
import { Collection, type Item } from './collection.ts'
import { itemHash } from './content-hash.ts'
import type { PayloadFormat } from './payload.ts'

/** The endpoints of one cluster, for every client that sees them alike. */
export interface Assignment {
  readonly id: string
  readonly key: AssignmentKey
  readonly resource: ResourceKey
  readonly endpoints: Collection<Endpoint>
  /** Clusters that use it; dropped with the last. */
  users: number
}

/** What assignments are made from. */
export type AssignmentContext = Pick<TranslateContext, 'model' | 'policies'>

/** All assignments that some client follows, shared between clients by everything that they depend on. */
export class Assignments {
  private readonly byId = new Map<string, Assignment>()
  private readonly byHost = new MultiMap<Assignment>()
  private readonly items = new WeakMap<ServiceInstance, Item<Endpoint>>()
  /** Of those that could take TLS where they are told not to. */
  private readonly plainItems = new WeakMap<ServiceInstance, Item<Endpoint>>()

  acquire(context: AssignmentContext, key: AssignmentKey): Assignment {
    const id = idOf(key)
    const known = this.byId.get(id)
    if (known !== undefined) {
      known.users++
      return known
    }
    const endpoints = new Collection(format(key), this.itemsOf(context, key))
    const made: Assignment = { id, key, resource: resourceKey(TYPE, key.name), endpoints, users: 1 }
    this.byId.set(id, made)
    this.byHost.add(key.host, made)
    return made
  }

  release(assignment: Assignment): void {
    if (--assignment.users > 0) return
    this.byId.delete(assignment.id)
    this.byHost.delete(assignment.key.host, assignment)
  }

  /** Brings the assignments of a host up to date; false: none changed. */
  refresh(context: AssignmentContext, host: string): boolean {
    let changed = false
    for (const { key, endpoints } of this.byHost.get(host)) {
      if (endpoints.replace(this.itemsOf(context, key))) changed = true
    }
    return changed
  }

  /** Every host that some client follows the endpoints of. */
  hosts(): Iterable<string> {
    return this.byHost.keys()
  }

  private *itemsOf({ model, policies }: AssignmentContext, key: AssignmentKey): Generator<Item<Endpoint>> {
    const { disables, isPlaintext } = policies.peerAuthentications
    for (const instance of assignedInstances(model, key)) {
      const plaintext = disables && instance.workload.tlsMode !== undefined && isPlaintext(instance)
      const items = plaintext ? this.plainItems : this.items
      const known = items.get(instance)
      if (known !== undefined) {
        yield known
        continue
      }
      const endpoint = translateEndpoint(instance, plaintext)
      const item = { id: endpoint.id, value: endpoint, hash: itemHash(JSON.stringify(endpoint)) }
      items.set(instance, item)
      yield item
    }
  }
}

const TYPE = 'ClusterLoadAssignment'

/** An alias keeps its name and comes to mean another host, so that the name alone does not tell. */
function idOf({ name, host, port, entry = '', labels }: AssignmentKey): string {
  return JSON.stringify([name, host, port, entry, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function format({ name }: AssignmentKey): PayloadFormat<Endpoint> {
  return {
    key: resourceKey(TYPE, name),
    pageSize: ENDPOINTS_PER_PAGE,
    encode: ({ version, base, upserts, removed, page }) =>
      JSON.stringify({
        type: TYPE,
        name,
        version,
        endpoints: upserts,
        ...(base === undefined ? {} : { base, removed }),
        ...(page === undefined ? {} : { page }),
      } satisfies ClusterLoadAssignmentUpdate),
  }
}
