import { serviceHost } from '@weft/mesh-protocol'
import { PersistentMap } from '../kernel/persistent-map.ts'
import type { KnownService } from './known-service.ts'
import type { MeshService, ServiceInstance, Workload } from './model.ts'
import { type InternInstance, ServiceRecord } from './service-record.ts'
import { WorkloadIndex } from './workload-index.ts'

/** What one step changed, by host. */
export interface ServiceTableChange {
  readonly services: ReadonlySet<string>
  readonly instances: ReadonlySet<string>
}

/** What one step has to take in. */
export interface ServiceTableInput {
  /** v1 `Service`s by host; `undefined` for one that is gone. */
  readonly resources: ReadonlyMap<string, MeshService | undefined>
  /** Known services by `namespace/name`; `undefined` for one that was forgotten. */
  readonly known: ReadonlyMap<string, KnownService | undefined>
  /** By id. */
  readonly workloads: ReadonlyMap<string, Workload | undefined>
}

/**
 * Which services there are and which workloads serve each. A v1 `Service` rules over the service that registrations make
 * under the same name. The work of a step grows with what it changes, not with what there is.
 */
export class ServiceTable {
  private readonly domain: string
  private readonly index = new WorkloadIndex()
  private readonly resources = new Map<string, MeshService>()
  private readonly known = new Map<string, MeshService>()
  /** Made once: a closure made for each record would keep the record before alive, and that the one before it. */
  private readonly intern: InternInstance = internInstances()
  private byHost = PersistentMap.empty<ServiceRecord>()
  private meshServices = PersistentMap.empty<MeshService>()

  constructor(domain: string) {
    this.domain = domain
  }

  get records(): PersistentMap<ServiceRecord> {
    return this.byHost
  }

  get services(): PersistentMap<MeshService> {
    return this.meshServices
  }

  get workloads(): PersistentMap<Workload> {
    return this.index.workloads
  }

  apply(input: ServiceTableInput): ServiceTableChange {
    const redefined = this.define(input)
    const members = this.moveWorkloads(input.workloads)
    const records = new Map<string, ServiceRecord | undefined>()
    for (const host of redefined) records.set(host, this.rebuild(host))
    for (const [host, changes] of members) {
      if (!redefined.has(host)) records.set(host, this.byHost.get(host)?.withMembers(changes))
    }
    return this.replace(records)
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

  /** Takes in workloads, and returns what that does to the members of each host. */
  private moveWorkloads(
    changes: ReadonlyMap<string, Workload | undefined>,
  ): Map<string, Map<string, Workload | undefined>> {
    const members = new Map<string, Map<string, Workload | undefined>>()
    const note = (host: string, id: string, workload: Workload | undefined): void => {
      const ofHost = members.get(host) ?? new Map<string, Workload | undefined>()
      members.set(host, ofHost.set(id, workload))
    }
    for (const id of changes.keys()) {
      const before = this.index.workloads.get(id)
      if (before !== undefined) for (const host of this.hostsOf(before)) note(host, id, undefined)
    }
    this.index.setWorkloads(changes)
    for (const [id, workload] of changes) {
      if (workload !== undefined) for (const host of this.hostsOf(workload)) note(host, id, workload)
    }
    return members
  }

  private hostsOf(workload: Workload): Set<string> {
    const hosts = new Set(this.index.selecting(workload))
    const own = serviceHost(workload.service, workload.namespace, this.domain)
    if (this.resources.get(own)?.selector === undefined) hosts.add(own)
    return hosts
  }

  private rebuild(host: string): ServiceRecord | undefined {
    const before = this.byHost.get(host)
    const resource = this.resources.get(host)
    const defined = resource ?? this.known.get(host)
    if (defined === undefined) return undefined
    const service = before !== undefined && sameService(before.service, defined) ? before.service : defined
    const { name, namespace, selector } = service
    const workloads =
      selector === undefined ? this.index.registeredFor(namespace, name) : this.index.selectedBy(namespace, selector)
    const fromResource = resource !== undefined
    if (
      before?.service === service &&
      before.fromResource === fromResource &&
      before.members.size === workloads.length &&
      workloads.every((workload) => before.members.get(workload.id) === workload)
    ) {
      return before
    }
    const members = PersistentMap.empty<Workload>().with(workloads.map((workload) => [workload.id, workload]))
    return new ServiceRecord(service, fromResource, members, this.intern)
  }

  private replace(records: ReadonlyMap<string, ServiceRecord | undefined>): ServiceTableChange {
    const services = new Set<string>()
    const instances = new Set<string>()
    for (const [host, record] of records) {
      const before = this.byHost.get(host)
      if (before === record) continue
      instances.add(host)
      if (before?.service !== record?.service) services.add(host)
    }
    const changed = [...instances].map((host) => [host, records.get(host)] as const)
    this.byHost = this.byHost.with(changed)
    this.meshServices = this.meshServices.with([...services].map((host) => [host, records.get(host)?.service]))
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
  return JSON.stringify([a.ports, a.selector]) === JSON.stringify([b.ports, b.selector])
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
