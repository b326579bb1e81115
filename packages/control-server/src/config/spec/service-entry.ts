import type { WorkloadEntrySpec, WorkloadSelector } from './workload-entry.ts'

export type ServiceEntryLocation = 'MESH_EXTERNAL' | 'MESH_INTERNAL'

/** How the endpoints of a ServiceEntry are found. */
export type ServiceEntryResolution = 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS'

export interface ServiceEntryPort {
  readonly number: number
  /** `HTTP`, `HTTPS`, `GRPC`, …, in either case. Absent or empty: unknown, to be told from the name. */
  readonly protocol?: string
  readonly name: string
  /** Port of the endpoints. 0 stands for absent, which is as `number`. */
  readonly targetPort?: number
}

/** `istio.networking.v1.ServiceEntry`: a service that no workload of the mesh registers. */
export interface ServiceEntrySpec {
  readonly hosts: readonly string[]
  /** Virtual addresses, or subnets, at which the service is called. */
  readonly addresses?: readonly string[]
  readonly ports?: readonly ServiceEntryPort[]
  /** Default `MESH_EXTERNAL`. */
  readonly location?: ServiceEntryLocation
  /** Default `NONE`. */
  readonly resolution?: ServiceEntryResolution
  readonly endpoints?: readonly WorkloadEntrySpec[]
  /** Instead of `endpoints`: WorkloadEntries and registered workloads of the resource's namespace. */
  readonly workloadSelector?: WorkloadSelector
  readonly exportTo?: readonly string[]
  readonly subjectAltNames?: readonly string[]
}
