import { serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import { KNOWN_SERVICES, parseResourceKey, WORKLOADS } from '../store/keys.ts'
import type { Change, ChangeBatch, Entry } from '../store/store.ts'
import { delegatingHosts, isDelegate } from './delegating-hosts.ts'
import { type KnownService, knownServiceOf } from './known-service.ts'
import { instancesOf } from './look-up.ts'
import { type MeshSettings, meshSettingsOf } from './mesh-settings.ts'
import type { MeshService, Model, ModelChange, Workload } from './model.ts'
import { policyHosts } from './policy-hosts.ts'
import { isPolicy, isSecurity, type PolicyChanges, PolicyTable } from './policy-kinds.ts'
import { type EntryDefinition, entryDefinition } from './service-entry.ts'
import { serviceOfResource } from './service-resource.ts'
import { ServiceTable, type ServiceTableChange } from './service-table.ts'
import { resourceOfEntry } from './stored-resource.ts'
import { workloadOf } from './workload-entry.ts'
import { type WorkloadGroup, WorkloadGroups, workloadGroupOf } from './workload-groups.ts'
import { workloadEntryId, workloadOfResource } from './workload-resource.ts'

/** What a batch says, sorted by what it is about. */
interface Sorted {
  readonly resources: Map<string, MeshService | undefined>
  readonly known: Map<string, KnownService | undefined>
  readonly workloads: Map<string, Workload | undefined>
  /** By `namespace/name`. */
  readonly groups: Map<string, WorkloadGroup | undefined>
  readonly workloadEntries: Map<string, Workload | undefined>
  readonly entries: Map<string, EntryDefinition | undefined>
  readonly policies: PolicyChanges
  readonly policyHosts: Set<string>
  /** VirtualServices that others delegate to, as they are and as they were. */
  readonly delegates: ConfigResource[]
  readonly sidecars: Set<string>
  readonly inbound: Set<string>
  readonly security: Set<string>
}

/** Told of an entry that cannot be read, which an older version may have stored; what was there before stays. */
export type OnUnreadable = (key: string, error: unknown) => void

/** Turns the store's entries, and then each batch of changes, into models. Entries of other kinds are passed over. */
export class ModelBuilder {
  private readonly domain: string
  private readonly table: ServiceTable
  private readonly groups = new WorkloadGroups()
  private readonly policies = new PolicyTable()
  private mesh: MeshSettings = meshSettingsOf([])
  private readonly onUnreadable: OnUnreadable
  private current: Model

  constructor(domain: string, revision: number, entries: readonly Entry[], onUnreadable: OnUnreadable = () => {}) {
    this.domain = domain
    this.onUnreadable = onUnreadable
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
    const { services, instances, workloads } = this.take(sorted)
    this.current = this.makeModel(batch.revision)
    const delegating = delegatingHosts(sorted.delegates, this.current.virtualServices, this.domain)
    return {
      model: this.current,
      services,
      instances,
      policyHosts: new Set([...sorted.policyHosts, ...delegating]),
      workloads,
      mesh: sorted.policies.has('meshconfigs'),
      sidecars: sorted.sidecars,
      inbound: sorted.inbound,
      security: sorted.security,
    }
  }

  private take(sorted: Sorted): ServiceTableChange & Pick<ModelChange, 'workloads'> {
    this.policies.apply(sorted.policies)
    if (sorted.policies.has('meshconfigs')) this.mesh = meshSettingsOf(this.policies.resources.meshConfigs)
    const workloads = this.groups.apply(sorted.workloads, sorted.groups)
    return { ...this.table.apply({ ...sorted, workloads }), workloads: new Set(workloads.keys()) }
  }

  private sort(changes: readonly Change[]): Sorted {
    const sorted: Sorted = {
      resources: new Map(),
      known: new Map(),
      workloads: new Map(),
      groups: new Map(),
      workloadEntries: new Map(),
      entries: new Map(),
      policies: new Map(),
      policyHosts: new Set(),
      delegates: [],
      sidecars: new Set(),
      inbound: new Set(),
      security: new Set(),
    }
    for (const change of changes) {
      try {
        this.sortOne(change, sorted)
      } catch (error) {
        this.onUnreadable(change.key, error)
      }
    }
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
    } else if (id.plural === 'serviceentries') {
      sorted.entries.set(key, resource && entryDefinition(resource, key, entry.createRevision))
    } else if (id.plural === 'workloadgroups') {
      sorted.groups.set(`${id.namespace}/${id.name}`, resource && workloadGroupOf(resource))
      sorted.inbound.add(id.namespace)
    } else if (id.plural === 'workloadentries') {
      sorted.workloadEntries.set(workloadEntryId(id.namespace, id.name), resource && workloadOfResource(resource))
    } else if (isPolicy(id.plural)) {
      const item = resource && { key, createRevision: entry.createRevision, resource }
      const ofKind = sorted.policies.get(id.plural) ?? new Map<string, typeof item>()
      sorted.policies.set(id.plural, ofKind.set(key, item))
      if (isSecurity(id.plural)) {
        sorted.security.add(id.namespace)
        return
      }
      if (id.plural === 'sidecars') {
        sorted.sidecars.add(id.namespace)
        return
      }
      if (id.plural === 'faultinjections') sorted.inbound.add(id.namespace)
      const touched: (ConfigResource | undefined)[] = [resource, previous && resourceOfEntry(previous)]
      for (const each of touched) {
        if (each === undefined) continue
        if (isDelegate(each)) sorted.delegates.push(each)
        for (const host of policyHosts(each, this.domain)) sorted.policyHosts.add(host)
      }
    }
  }

  private makeModel(revision: number): Model {
    const { records, services, contested, aliases, workloads, entryServices, addresses } = this.table
    const lookUp = { records, entryServices }
    return {
      revision,
      domain: this.domain,
      services,
      contested,
      aliases,
      addresses,
      workloads,
      readinessProbes: this.groups.probes,
      mesh: this.mesh,
      ...this.policies.resources,
      instances: (host, port, entry) => instancesOf(lookUp, host, port, entry),
    }
  }
}
