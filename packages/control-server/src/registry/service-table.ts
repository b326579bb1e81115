import { serviceHost } from '@weft/mesh-protocol'
import { PersistentMap } from '../kernel/persistent-map.ts'
import { AddressIndex } from './address-index.ts'
import { EntryTable } from './entry-table.ts'
import type { KnownService } from './known-service.ts'
import { definitionsOf } from './look-up.ts'
import type { MeshService, ServiceInstance, Workload } from './model.ts'
import type { EntryDefinition, EntryPart } from './service-entry.ts'
import { type InternInstance, ServiceRecord } from './service-record.ts'
import { externalEndpoints } from './service-resource.ts'
import { WorkloadIndex } from './workload-index.ts'

/** What one step changed, by host. */
export interface ServiceTableChange {
  /** Also virtual addresses. */
  readonly services: ReadonlySet<string>
  readonly instances: ReadonlySet<string>
}

/** What one step has to take in. */
export interface ServiceTableInput {
  /** v1 `Service`s by host; `undefined` for one that is gone. */
  readonly resources: ReadonlyMap<string, MeshService | undefined>
  /** Known services by `namespace/name`; `undefined` for one that was forgotten. */
  readonly known: ReadonlyMap<string, KnownService | undefined>
  /** Registered ones by id. */
  readonly workloads: ReadonlyMap<string, Workload | undefined>
  /** Those of WorkloadEntries by id. */
  readonly workloadEntries: ReadonlyMap<string, Workload | undefined>
  /** ServiceEntries by store key. */
  readonly entries: ReadonlyMap<string, EntryDefinition | undefined>
}

/**
 * Which services there are and which workloads serve each. A v1 `Service` rules over the service that registrations make
 * under the same name, and both over ServiceEntries for the same host. The work of a step grows with what it changes, not with
 * what there is.
 *
 * A record holds the endpoints of one definition: its key is the host, or for a ServiceEntry what {@link EntryTable} calls it by.
 */
export class ServiceTable {
  private readonly domain: string
  private readonly index = new WorkloadIndex()
  private readonly entries = new EntryTable()
  private readonly virtual = new AddressIndex()
  private readonly resources = new Map<string, MeshService>()
  private readonly known = new Map<string, MeshService>()
  private readonly parts = new Map<string, EntryPart>()
  /** Made once: a closure made for each record would keep the record before alive, and that the one before it. */
  private readonly intern: InternInstance = internInstances()
  private byKey = PersistentMap.empty<ServiceRecord>()
  private meshServices = PersistentMap.empty<MeshService>()
  private externalNames = PersistentMap.empty<string>()
  private several = PersistentMap.empty<readonly MeshService[]>()
  private registered = PersistentMap.empty<Workload>()

  constructor(domain: string) {
    this.domain = domain
  }

  get records(): PersistentMap<ServiceRecord> {
    return this.byKey
  }

  get entryServices(): EntryTable['services'] {
    return this.entries.services
  }

  get addresses(): AddressIndex['hosts'] {
    return this.virtual.hosts
  }

  get services(): PersistentMap<MeshService> {
    return this.meshServices
  }

  get aliases(): PersistentMap<string> {
    return this.externalNames
  }

  get contested(): PersistentMap<readonly MeshService[]> {
    return this.several
  }

  /** Those that registered. */
  get workloads(): PersistentMap<Workload> {
    return this.registered
  }

  apply(input: ServiceTableInput): ServiceTableChange {
    const { hosts, parts } = this.entries.apply(input.entries)
    const redefined = this.define(input)
    for (const key of this.defineParts(parts)) redefined.add(key)
    this.registered = this.registered.with(input.workloads)
    const members = this.moveWorkloads(new Map([...input.workloads, ...input.workloadEntries]))
    const records = new Map<string, ServiceRecord | undefined>()
    for (const key of redefined) records.set(key, this.rebuild(key))
    for (const [key, changes] of members) {
      if (!redefined.has(key)) records.set(key, this.byKey.get(key)?.withMembers(changes))
    }
    return this.replace(records, hosts)
  }

  /** Takes in what services are, and returns the hosts for which that may have changed. */
  private define({ resources, known }: ServiceTableInput): Set<string> {
    const redefined = new Set<string>()
    for (const [host, service] of resources) {
      const namespace = service?.namespace ?? this.resources.get(host)?.namespace ?? ''
      this.index.setSelector(host, namespace, service?.selector)
      setOrDelete(this.resources, host, service)
      redefined.add(host)
    }
    for (const [qualified, record] of known) {
      const [namespace = '', name = ''] = qualified.split('/')
      const host = serviceHost(name, namespace, this.domain)
      const service = record && { host, name, namespace, ports: record.ports, selector: undefined }
      setOrDelete(this.known, host, service)
      if (!this.resources.has(host)) redefined.add(host)
    }
    return redefined
  }

  private defineParts(parts: ReadonlyMap<string, EntryPart | undefined>): Iterable<string> {
    for (const [key, part] of parts) {
      const namespace = part?.service.namespace ?? this.parts.get(key)?.service.namespace ?? ''
      this.index.setSelector(key, namespace, part?.service.selector)
      setOrDelete(this.parts, key, part)
    }
    return parts.keys()
  }

  /** Takes in workloads, and returns what that does to the members of each record. */
  private moveWorkloads(
    changes: ReadonlyMap<string, Workload | undefined>,
  ): Map<string, Map<string, Workload | undefined>> {
    const members = new Map<string, Map<string, Workload | undefined>>()
    const note = (key: string, id: string, workload: Workload | undefined): void => {
      const ofRecord = members.get(key) ?? new Map<string, Workload | undefined>()
      members.set(key, ofRecord.set(id, workload))
    }
    for (const id of changes.keys()) {
      const before = this.index.workloads.get(id)
      if (before !== undefined) for (const key of this.recordsOf(before)) note(key, id, undefined)
    }
    this.index.setWorkloads(changes)
    for (const [id, workload] of changes) {
      if (workload !== undefined) for (const key of this.recordsOf(workload)) note(key, id, workload)
    }
    return members
  }

  private recordsOf(workload: Workload): Set<string> {
    const keys = new Set(this.index.selecting(workload))
    if (workload.service === '') return keys
    const own = serviceHost(workload.service, workload.namespace, this.domain)
    if (this.resources.get(own)?.selector === undefined) keys.add(own)
    return keys
  }

  private rebuild(key: string): ServiceRecord | undefined {
    const before = this.byKey.get(key)
    const part = this.parts.get(key)
    const resource = this.resources.get(key)
    const defined = part?.service ?? resource ?? this.known.get(key)
    if (defined === undefined) return undefined
    const service = before !== undefined && sameService(before.service, defined) ? before.service : defined
    const source = part !== undefined ? 'entry' : resource !== undefined ? 'service' : 'registrations'
    const workloads = this.workloadsOf(service)
    const written = part?.endpoints ?? externalEndpoints(service)
    if (
      before?.service === service &&
      before.source === source &&
      before.members.size === workloads.length &&
      workloads.every((workload) => before.members.get(workload.id) === workload) &&
      JSON.stringify(before.written) === JSON.stringify(written)
    ) {
      return before
    }
    const members = PersistentMap.empty<Workload>().with(workloads.map((workload) => [workload.id, workload]))
    return new ServiceRecord(service, source, members, this.intern, written)
  }

  private workloadsOf({ name, namespace, selector, entry, discoveryType }: MeshService): Workload[] {
    if (discoveryType === 'ORIGINAL_DST') return []
    if (selector !== undefined) return this.index.selectedBy(namespace, selector)
    return entry === undefined ? this.index.registeredFor(namespace, name) : []
  }

  /** @param entryHosts those of which ServiceEntries say something else */
  private replace(
    records: ReadonlyMap<string, ServiceRecord | undefined>,
    entryHosts: ReadonlySet<string>,
  ): ServiceTableChange {
    const services = new Set<string>(entryHosts)
    const instances = new Set<string>(entryHosts)
    const changed: [string, ServiceRecord | undefined][] = []
    for (const [key, record] of records) {
      const before = this.byKey.get(key)
      if (before === record) continue
      changed.push([key, record])
      const host = (record ?? before)?.service.host ?? key
      instances.add(host)
      if (before?.service !== record?.service) services.add(host)
    }
    this.byKey = this.byKey.with(changed)
    const lookUp = { records: this.byKey, entryServices: this.entries.services }
    const now = [...services].map((host) => [host, definitionsOf(lookUp, host)] as const)
    this.meshServices = this.meshServices.with(now.map(([host, [first]]) => [host, first]))
    this.several = this.several.with(
      now
        .filter(([host, all]) => all.length > 1 || this.several.has(host))
        .map(([host, all]) => [host, all.length > 1 ? all : undefined]),
    )
    this.externalNames = this.externalNames.with(
      now
        .filter(([host, [first]]) => first?.externalName !== undefined || this.externalNames.has(host))
        .map(([host, [first]]) => [host, first?.externalName]),
    )
    for (const address of this.virtual.set(now)) services.add(address)
    return { services, instances }
  }
}

function internInstances(): InternInstance {
  const interned = new WeakMap<Workload, Map<number, ServiceInstance>>()
  return (workload, listenPort) => {
    const ofWorkload = interned.get(workload) ?? new Map<number, ServiceInstance>()
    interned.set(workload, ofWorkload)
    const instance = ofWorkload.get(listenPort) ?? { workload, listenPort }
    ofWorkload.set(listenPort, instance)
    return instance
  }
}

function sameService(a: MeshService, b: MeshService): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
