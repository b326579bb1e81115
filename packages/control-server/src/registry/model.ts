import type { DiscoveryType, ServiceRef, WorkloadRegistration } from '@weft/mesh-protocol'
import type { PortProtocol } from '../config/port-protocol.ts'
import type { ReadinessProbeSpec } from '../config/spec/workload-group.ts'
import type { MeshSettings } from './mesh-settings.ts'
import type { PolicyLists } from './policy-kinds.ts'

/** A registered workload, or one that a WorkloadEntry or ServiceEntry describes. */
export interface Workload extends WorkloadRegistration {
  readonly id: string
  /** Of one that nobody registers: where it serves a port of a service, by the port's name. */
  readonly portsByName?: Readonly<Record<string, number>>
}

export interface ServicePort {
  /** Empty when it was not named. */
  readonly name: string
  /** What callers dial. */
  readonly number: number
  readonly protocol: PortProtocol
  /** The workload's port: its name, or its number. */
  readonly targetPort: string | number
}

/** A service of the mesh, from a v1 `Service`, from registrations or from ServiceEntries. */
export interface MeshService extends ServiceRef {
  readonly ports: readonly ServicePort[]
  /** Labels of its workloads; `undefined` for a service that exists by its registrations, or has its endpoints written down. */
  readonly selector: Readonly<Record<string, string>> | undefined
  /** `namespace/name` of the oldest ServiceEntry that it comes from; absent for a service of the other sorts. */
  readonly entry?: string
  /** As written; absent: what the mesh says. */
  readonly exportTo?: readonly string[]
  /** Virtual addresses and subnets: a call to one is a call to the service. */
  readonly addresses?: readonly string[]
  /** How its endpoints are found; absent: they are known. */
  readonly discoveryType?: DiscoveryType
  /** Outside the mesh (Istio `MESH_EXTERNAL`). Absent: inside. */
  readonly external?: boolean
  /** What certificates of its servers name. */
  readonly subjectAltNames?: readonly string[]
  /** Of a v1 `Service`: the name elsewhere that it stands for. */
  readonly externalName?: string
  /** A v1 `Service`'s. */
  readonly sessionAffinity?: 'ClientIP'
  /** A v1 `Service` whose `internalTrafficPolicy` is `Local`: each client keeps to its own node. Absent: it does not. */
  readonly nodeLocal?: true
  /** A v1 `Service`'s, where the mesh knows it. */
  readonly trafficDistribution?: TrafficDistribution
}

/** Endpoints of the same zone first, and of the same region before others. */
export type TrafficDistribution = 'PreferClose' | 'PreferSameZone' | 'PreferSameNode'

/** One place where a service's port is served. */
export interface ServiceInstance {
  readonly workload: Workload
  readonly listenPort: number
}

/**
 * Everything the mesh is made of at one revision. Immutable and replaced whole; unchanged parts are the same objects
 * as before, so that a receiver can compare by identity.
 */
export interface Model extends PolicyLists {
  readonly revision: number
  readonly domain: string
  /** By host; where several define one, the one that goes before the others. */
  readonly services: ReadonlyMap<string, MeshService>
  /** Of a host that has several: all definitions by precedence, a v1 `Service` or registrations, then ServiceEntries by age. */
  readonly contested: ReadonlyMap<string, readonly MeshService[]>
  /** By host of an alias, the name that it stands for. */
  readonly aliases: ReadonlyMap<string, string>
  /** Hosts by the virtual address or subnet that they have. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Registered workloads by id. */
  readonly workloads: ReadonlyMap<string, Workload>
  /** Of WorkloadGroups that have one, by `namespace/name`. */
  readonly readinessProbes: ReadonlyMap<string, ReadinessProbeSpec>
  /** What the MeshConfig says, with its defaults. */
  readonly mesh: MeshSettings
  /**
   * Where each port of a service is served; in no particular order.
   *
   * @param entry of the service, where it comes from ServiceEntries
   */
  instances(host: string, port: number, entry?: string): readonly ServiceInstance[]
}

/** What a new model changed, so that only what depends on it is translated again. */
export interface ModelChange {
  readonly model: Model
  /** Hosts and virtual addresses of services that came, went or changed what they say of themselves. */
  readonly services: ReadonlySet<string>
  /** Services whose set of instances changed. */
  readonly instances: ReadonlySet<string>
  /** Hosts, some of them wildcards, that the policies which changed are about. */
  readonly policyHosts: ReadonlySet<string>
  /** Ids of workloads that came, went or changed. */
  readonly workloads: ReadonlySet<string>
  /** The MeshConfig changed: everything may come out otherwise. */
  readonly mesh: boolean
  /** Namespaces whose Sidecars changed. The root's hold for every client that no other selects. */
  readonly sidecars: ReadonlySet<string>
  /** Namespaces whose FaultInjections or WorkloadGroups changed. */
  readonly inbound: ReadonlySet<string>
  /** Namespaces whose PeerAuthentications, RequestAuthentications or AuthorizationPolicies changed. The root's hold everywhere. */
  readonly security: ReadonlySet<string>
}
