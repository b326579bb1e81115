import type { PersistentMap } from '../kernel/persistent-map.ts'
import type { MeshService, ServiceInstance, Workload } from './model.ts'

/** Makes the one instance object of a workload's port, so that an unchanged one is the same object in every model. */
export type InternInstance = (workload: Workload, listenPort: number) => ServiceInstance

/** A service with its workloads. Immutable but for what it remembers of its own answers. */
export class ServiceRecord {
  readonly service: MeshService
  /** A v1 `Service` says which port of a workload is meant; without one the registration's `servicePort` does. */
  readonly fromResource: boolean
  readonly members: PersistentMap<Workload>
  private readonly intern: InternInstance
  private readonly byPort = new Map<number, readonly ServiceInstance[]>()

  constructor(service: MeshService, fromResource: boolean, members: PersistentMap<Workload>, intern: InternInstance) {
    this.service = service
    this.fromResource = fromResource
    this.members = members
    this.intern = intern
  }

  withMembers(changes: Iterable<readonly [string, Workload | undefined]>): ServiceRecord {
    return new ServiceRecord(this.service, this.fromResource, this.members.with(changes), this.intern)
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
    const { targetPort } = servicePort
    const byAddress = new Map<string, ServiceInstance>()
    for (const workload of this.members.values()) {
      const match = workload.ports.find((offered) =>
        !this.fromResource
          ? offered.servicePort === port
          : typeof targetPort === 'string'
            ? offered.name === targetPort
            : offered.port === targetPort,
      )
      if (match === undefined) continue
      const address = `${workload.address} ${match.listenPort}`
      const other = byAddress.get(address)
      if (other === undefined || workload.id < other.workload.id) {
        byAddress.set(address, this.intern(workload, match.listenPort))
      }
    }
    return [...byAddress.values()]
  }
}
