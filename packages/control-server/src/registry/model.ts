import type { ServiceRef, WorkloadRegistration } from '@weft/mesh-protocol'
import type { MeshSettings } from './mesh-settings.ts'
import type { PolicyLists } from './policy-kinds.ts'

/** A registered workload. */
export interface Workload extends WorkloadRegistration {
  readonly id: string
}

export interface ServicePort {
  /** Empty when it was not named. */
  readonly name: string
  /** What callers dial. */
  readonly number: number
  readonly protocol: 'http' | 'http2' | 'grpc' | 'tcp'
  /** The workload's port: its name, or its number. */
  readonly targetPort: string | number
}

/** A service of the mesh, from a v1 `Service` or from registrations. */
export interface MeshService extends ServiceRef {
  readonly ports: readonly ServicePort[]
  /** Labels of its workloads; `undefined` for a service that exists by its registrations. */
  readonly selector: Readonly<Record<string, string>> | undefined
}

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
  /** By fully qualified host. */
  readonly services: ReadonlyMap<string, MeshService>
  /** By id. */
  readonly workloads: ReadonlyMap<string, Workload>
  /** What the MeshConfig says, with its defaults. */
  readonly mesh: MeshSettings
  /** Where each port of a service is served, by fully qualified host and port; in no particular order. */
  instances(host: string, port: number): readonly ServiceInstance[]
}

/** What a new model changed, so that only what depends on it is translated again. */
export interface ModelChange {
  readonly model: Model
  /** Services that came, went or changed their ports or selector. */
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
  /** Namespaces whose FaultInjections changed. */
  readonly inbound: ReadonlySet<string>
}
