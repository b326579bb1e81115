import type { ServiceRef, WorkloadRegistration } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'

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
export interface Model {
  readonly revision: number
  readonly domain: string
  /** By fully qualified host. */
  readonly services: ReadonlyMap<string, MeshService>
  /** By id. */
  readonly workloads: ReadonlyMap<string, Workload>
  /** By store key. Oldest first, then by key, as Istio orders them. */
  readonly virtualServices: readonly ConfigResource[]
  readonly destinationRules: readonly ConfigResource[]
  readonly circuitBreakers: readonly ConfigResource[]
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
  /** True when any VirtualService, DestinationRule or CircuitBreaker changed; the hosts they touch are in `policyHosts`. */
  readonly policyHosts: ReadonlySet<string>
  /** Ids of workloads that came, went or changed. */
  readonly workloads: ReadonlySet<string>
}
