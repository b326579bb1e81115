import { INBOUND_POLICY_NAME, type Node, type ResourceKey, ROOT_NAMESPACE, resourceKey } from '@weft/mesh-protocol'
import { isHostSubset, isWildcardHost } from '../config/host-name.ts'
import type { Model, Workload } from '../registry/model.ts'
import type { TranslateContext } from '../translate/context.ts'
import {
  type InboundSubject,
  type SelectingServices,
  selectingServices,
  translateInbound,
} from '../translate/inbound.ts'
import { type Entry, makeEntry } from './entry.ts'

export const INBOUND_KEY: ResourceKey = resourceKey('InboundPolicy', INBOUND_POLICY_NAME)

/** What inbound policies are made from. */
export type InboundContext = Pick<TranslateContext, 'model' | 'policies'>

/** What inbound policies may have to be made anew for. */
export interface InboundChange {
  /** Whose services, faults or WorkloadGroups changed. */
  readonly namespaces: ReadonlySet<string>
  /** Hosts, some of them wildcards, whose policies changed. */
  readonly hosts: ReadonlySet<string>
  /** Whose rules of who may call changed; the root's are everybody's. */
  readonly security: ReadonlySet<string>
  /** What holds for the whole mesh changed. */
  readonly mesh: boolean
}

/** The inbound policy of all workloads that are alike. */
export interface InboundState {
  readonly id: string
  readonly subject: InboundSubject
  /** Of the services that it answers for. */
  hosts: readonly string[]
  entry: Entry
  users: number
}

/** Inbound policies, shared between replicas. */
export class InboundPolicies {
  private readonly byId = new Map<string, InboundState>()
  private selecting: { readonly services: Model['services']; readonly byNamespace: SelectingServices } | undefined

  acquire(context: InboundContext, subject: InboundSubject): InboundState {
    const id = JSON.stringify(subject)
    const known = this.byId.get(id)
    if (known !== undefined) {
      known.users++
      return known
    }
    const made: InboundState = { id, subject, ...this.translate(context, subject), users: 1 }
    this.byId.set(id, made)
    return made
  }

  release(state: InboundState): void {
    if (--state.users === 0) this.byId.delete(state.id)
  }

  /** Brings the policies that depend on these up to date; false: none changed. */
  refresh(context: InboundContext, changed: InboundChange): boolean {
    const { namespaces, security, mesh } = changed
    if (namespaces.size === 0 && changed.hosts.size === 0 && security.size === 0 && !mesh) return false
    const wildcards = [...changed.hosts].filter(isWildcardHost)
    let some = false
    for (const state of this.byId.values()) {
      if (!concerns(state, changed, wildcards)) continue
      const { entry, hosts } = this.translate(context, state.subject)
      if (entry.version === state.entry.version) continue
      state.entry = entry
      state.hosts = hosts
      some = true
    }
    return some
  }

  private translate(context: InboundContext, subject: InboundSubject): Pick<InboundState, 'entry' | 'hosts'> {
    const { model } = context
    if (this.selecting?.services !== model.services) {
      this.selecting = { services: model.services, byNamespace: selectingServices(model) }
    }
    const translated = translateInbound(context, subject, this.selecting.byNamespace)
    return { entry: makeEntry(translated), hosts: translated.services.map(({ host }) => host) }
  }
}

function concerns({ subject, hosts }: InboundState, changed: InboundChange, wildcards: readonly string[]): boolean {
  const { namespaces, security, mesh } = changed
  if (mesh || security.has(ROOT_NAMESPACE)) return true
  if (namespaces.has(subject.namespace) || security.has(subject.namespace)) return true
  return hosts.some((host) => changed.hosts.has(host) || wildcards.some((wildcard) => isHostSubset(host, wildcard)))
}

/** A client as its registration says, or before that as it says itself when it opens a stream. */
export function inboundSubject(node: Node, registered: Workload | undefined): InboundSubject {
  const { service, namespace, labels, workload } = registered ?? node
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
    ...(workload === undefined || !node.features.includes('readiness-probe') ? {} : { probedGroup: workload }),
    ...(node.features.includes('path-normalization') ? { normalizesPaths: true as const } : {}),
  }
}
