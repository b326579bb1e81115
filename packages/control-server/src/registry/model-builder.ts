import { serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import { KNOWN_SERVICES, parseResourceKey, WORKLOADS } from '../store/keys.ts'
import type { Change, ChangeBatch, Entry } from '../store/store.ts'
import { type ConfigItem, ConfigList } from './config-list.ts'
import { type KnownService, knownServiceOf } from './known-service.ts'
import type { MeshService, Model, ModelChange, ServiceInstance, Workload } from './model.ts'
import { policyHosts } from './policy-hosts.ts'
import { serviceOfResource } from './service-resource.ts'
import { ServiceTable } from './service-table.ts'
import { resourceOfEntry } from './stored-resource.ts'
import { workloadOf } from './workload-entry.ts'

/** The kinds that steer traffic, by plural. */
const POLICIES = ['virtualservices', 'destinationrules', 'circuitbreakers'] as const

type PolicyPlural = (typeof POLICIES)[number]

const NO_INSTANCES: readonly ServiceInstance[] = []

/** What a batch says, sorted by what it is about. */
interface Sorted {
  readonly resources: Map<string, MeshService | undefined>
  readonly known: Map<string, KnownService | undefined>
  readonly workloads: Map<string, Workload | undefined>
  readonly policies: Readonly<Record<PolicyPlural, Map<string, ConfigItem | undefined>>>
  readonly policyHosts: Set<string>
}

/** Turns the store's entries, and then each batch of changes, into models. Entries of other kinds are passed over. */
export class ModelBuilder {
  private readonly domain: string
  private readonly table: ServiceTable
  private readonly lists: Record<PolicyPlural, ConfigList> = {
    virtualservices: new ConfigList(),
    destinationrules: new ConfigList(),
    circuitbreakers: new ConfigList(),
  }
  private current: Model

  constructor(domain: string, revision: number, entries: readonly Entry[]) {
    this.domain = domain
    this.table = new ServiceTable(domain)
    const changes = entries.map((entry): Change => ({ key: entry.key, entry, previous: undefined }))
    this.take(this.sort(changes))
    this.current = this.makeModel(revision)
  }

  get model(): Model {
    return this.current
  }

  apply(batch: ChangeBatch): ModelChange {
    const sorted = this.sort(batch.changes)
    const { services, instances } = this.take(sorted)
    this.current = this.makeModel(batch.revision)
    return {
      model: this.current,
      services,
      instances,
      policyHosts: sorted.policyHosts,
      workloads: new Set(sorted.workloads.keys()),
    }
  }

  private take(sorted: Sorted): { services: ReadonlySet<string>; instances: ReadonlySet<string> } {
    for (const plural of POLICIES) {
      const changes = sorted.policies[plural]
      if (changes.size > 0) this.lists[plural] = this.lists[plural].with(changes)
    }
    return this.table.apply(sorted)
  }

  private sort(changes: readonly Change[]): Sorted {
    const sorted: Sorted = {
      resources: new Map(),
      known: new Map(),
      workloads: new Map(),
      policies: { virtualservices: new Map(), destinationrules: new Map(), circuitbreakers: new Map() },
      policyHosts: new Set(),
    }
    for (const change of changes) this.sortOne(change, sorted)
    return sorted
  }

  private sortOne({ key, entry, previous }: Change, sorted: Sorted): void {
    if (key.startsWith(WORKLOADS)) {
      sorted.workloads.set(key.slice(WORKLOADS.length), entry && workloadOf(entry))
    } else if (key.startsWith(KNOWN_SERVICES)) {
      sorted.known.set(key.slice(KNOWN_SERVICES.length), entry && knownServiceOf(entry))
    } else {
      this.sortResource(key, entry, previous, sorted)
    }
  }

  private sortResource(key: string, entry: Entry | undefined, previous: Entry | undefined, sorted: Sorted): void {
    const id = parseResourceKey(key)
    if (id === undefined) return
    const resource = entry && resourceOfEntry(entry)
    if (id.plural === 'services') {
      const host = serviceHost(id.name, id.namespace, this.domain)
      sorted.resources.set(host, resource && serviceOfResource(resource, this.domain))
    } else if (isPolicy(id.plural)) {
      const item = resource && { key, createRevision: entry.createRevision, resource }
      sorted.policies[id.plural].set(key, item)
      const touched: (ConfigResource | undefined)[] = [resource, previous && resourceOfEntry(previous)]
      for (const each of touched) {
        if (each !== undefined) for (const host of policyHosts(each, this.domain)) sorted.policyHosts.add(host)
      }
    }
  }

  private makeModel(revision: number): Model {
    const { records, services, workloads } = this.table
    return {
      revision,
      domain: this.domain,
      services,
      workloads,
      virtualServices: this.lists.virtualservices.resources,
      destinationRules: this.lists.destinationrules.resources,
      circuitBreakers: this.lists.circuitbreakers.resources,
      instances: (host, port) => records.get(host)?.instances(port) ?? NO_INSTANCES,
    }
  }
}

function isPolicy(plural: string): plural is PolicyPlural {
  return POLICIES.some((policy) => policy === plural)
}
