import type { WorkloadPort } from '@weft/mesh-protocol'
import type { PersistentMap } from '../kernel/persistent-map.ts'
import type { MeshService, ServiceInstance, ServicePort, Workload } from './model.ts'

/** Makes the one instance object of a workload's port, so that an unchanged one is the same object in every model. */
export type InternInstance = (workload: Workload, listenPort: number) => ServiceInstance

/** Where a service comes from, which decides what port of a registered workload is meant. */
export type RecordSource = 'registrations' | 'service' | 'entry'

const NO_WORKLOADS: readonly Workload[] = []

/** A service with its workloads. Immutable but for what it remembers of its own answers. */
export class ServiceRecord {
  readonly service: MeshService
  readonly source: RecordSource
  /** Workloads that register for it or that it selects. */
  readonly members: PersistentMap<Workload>
  /** Endpoints that are written in it. */
  readonly written: readonly Workload[]
  private readonly intern: InternInstance
  private readonly byPort = new Map<number, readonly ServiceInstance[]>()

  constructor(
    service: MeshService,
    source: RecordSource,
    members: PersistentMap<Workload>,
    intern: InternInstance,
    written: readonly Workload[] = NO_WORKLOADS,
  ) {
    this.service = service
    this.source = source
    this.members = members
    this.intern = intern
    this.written = written
  }

  withMembers(changes: Iterable<readonly [string, Workload | undefined]>): ServiceRecord {
    return new ServiceRecord(this.service, this.source, this.members.with(changes), this.intern, this.written)
  }

  instances(port: number): readonly ServiceInstance[] {
    const known = this.byPort.get(port)
    if (known !== undefined) return known
    const found = this.find(port)
    this.byPort.set(port, found)
    return found
  }

  /** Processes that share an address and port (workers of one cluster) are one instance, until the last is gone. */
  private find(port: number): readonly ServiceInstance[] {
    const servicePort = this.service.ports.find(({ number }) => number === port)
    if (servicePort === undefined) return []
    const byAddress = new Map<string, ServiceInstance>()
    for (const workload of [...this.written, ...this.members.values()]) {
      const listenPort = listenPortOf(workload, servicePort, this.source)
      if (listenPort === undefined) continue
      const address = `${workload.address} ${listenPort}`
      const other = byAddress.get(address)
      if (other === undefined || workload.id < other.workload.id) {
        byAddress.set(address, this.intern(workload, listenPort))
      }
    }
    return [...byAddress.values()]
  }
}

/** Where a workload serves a port of a service; `undefined`: nowhere. */
function listenPortOf(workload: Workload, port: ServicePort, source: RecordSource): number | undefined {
  if (workload.portsByName !== undefined) return writtenPort(workload.portsByName, port)
  return workload.ports.find((offered) => serves(offered, port, source))?.listenPort
}

/** The port by the name of the service's port goes before the target port (Istio `serviceentry/conversion.go` `convertEndpoint`). */
function writtenPort(byName: Readonly<Record<string, number>>, { name, targetPort }: ServicePort): number | undefined {
  const named = own(byName, name)
  if (named !== undefined) return named
  return typeof targetPort === 'number' ? targetPort : own(byName, targetPort)
}

const own = (byName: Readonly<Record<string, number>>, name: string): number | undefined =>
  Object.hasOwn(byName, name) ? byName[name] : undefined

function serves(offered: WorkloadPort, { name, number, targetPort }: ServicePort, source: RecordSource): boolean {
  if (source === 'registrations') return offered.servicePort === number
  if (typeof targetPort === 'string') return offered.name === targetPort
  return offered.port === targetPort || (source === 'entry' && offered.name === name)
}
