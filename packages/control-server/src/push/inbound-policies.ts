import { INBOUND_POLICY_NAME, type Node, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { Model, Workload } from '../registry/model.ts'
import {
  type InboundSubject,
  type SelectingServices,
  selectingServices,
  translateInbound,
} from '../translate/inbound.ts'
import { type Entry, makeEntry } from './entry.ts'

export const INBOUND_KEY: ResourceKey = resourceKey('InboundPolicy', INBOUND_POLICY_NAME)

/** The inbound policy of all workloads that are alike. */
export interface InboundState {
  readonly id: string
  readonly subject: InboundSubject
  entry: Entry
  users: number
}

/** Inbound policies, shared between replicas. */
export class InboundPolicies {
  private readonly byId = new Map<string, InboundState>()
  private selecting: { readonly services: Model['services']; readonly byNamespace: SelectingServices } | undefined

  acquire(model: Model, subject: InboundSubject): InboundState {
    const id = JSON.stringify(subject)
    const known = this.byId.get(id)
    if (known !== undefined) {
      known.users++
      return known
    }
    const made: InboundState = { id, subject, entry: this.makeEntry(model, subject), users: 1 }
    this.byId.set(id, made)
    return made
  }

  release(state: InboundState): void {
    if (--state.users === 0) this.byId.delete(state.id)
  }

  /** Brings the policies of some namespaces up to date; false: none changed. */
  refresh(model: Model, namespaces: ReadonlySet<string>): boolean {
    if (namespaces.size === 0) return false
    let changed = false
    for (const state of this.byId.values()) {
      if (!namespaces.has(state.subject.namespace)) continue
      const entry = this.makeEntry(model, state.subject)
      if (entry.version === state.entry.version) continue
      state.entry = entry
      changed = true
    }
    return changed
  }

  private makeEntry(model: Model, subject: InboundSubject): Entry {
    if (this.selecting?.services !== model.services) {
      this.selecting = { services: model.services, byNamespace: selectingServices(model) }
    }
    return makeEntry(translateInbound(model, subject, this.selecting.byNamespace))
  }
}

/** A client as its registration says, or before that as it says itself when it opens a stream. */
export function inboundSubject(node: Node, registered: Workload | undefined): InboundSubject {
  const { service, namespace, labels } = registered ?? node
  const ports = registered?.ports.map(({ name, servicePort, port, protocol }) => ({
    name,
    servicePort,
    port,
    protocol,
  }))
  return {
    service,
    namespace,
    labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    ports: ports ?? node.servicePorts.map((port) => ({ name: '', servicePort: port, port, protocol: 'http' })),
  }
}
