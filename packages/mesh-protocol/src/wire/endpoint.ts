import type { ResourceHeader } from './resource-header.ts'

/**
 * Where an endpoint or a client runs, from wide to narrow.
 * xDS: `envoy.config.core.v3.Locality`.
 */
export interface Locality {
  readonly region: string
  readonly zone: string
  readonly subZone: string
}

/** Whether an endpoint may be given new requests. xDS: `envoy.config.core.v3.HealthStatus`. */
export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'DRAINING'

/** The workload behind an endpoint, for telemetry. xDS: `LbEndpoint.metadata`, filter `istio`. */
export interface EndpointWorkload {
  readonly name: string
  readonly namespace: string
  readonly serviceAccount: string
}

/**
 * One address that serves a cluster.
 * xDS: `envoy.config.endpoint.v3.LbEndpoint`; the locality, which xDS holds on the group, stands on the endpoint so that
 * one endpoint can be changed alone.
 */
export interface Endpoint {
  /** `address:port`. Processes that share a listening address are one endpoint. */
  readonly id: string
  /** IP address or host name to connect to. */
  readonly address: string
  /** Port to connect to, 1 to 65535. */
  readonly port: number
  /** Relative share of the load, 1 to 2^32-1. xDS: `load_balancing_weight`. Default 1. */
  readonly weight: number
  readonly healthStatus: HealthStatus
  readonly locality: Locality
  readonly labels: Readonly<Record<string, string>>
  readonly workload: EndpointWorkload
  /**
   * `istio`: it answers mutual TLS with the identity of its workload. Absent: plaintext only.
   * xDS: metadata `envoy.transport_socket_match`, `tlsMode`.
   */
  readonly tlsMode?: 'istio'
}

/** The endpoints of one cluster. xDS: `envoy.config.endpoint.v3.ClusterLoadAssignment`. */
export interface ClusterLoadAssignment extends ResourceHeader<'ClusterLoadAssignment'> {
  /** Unordered; ids are unique. */
  readonly endpoints: readonly Endpoint[]
}

/** One part of an assignment that is too large for one event. */
export interface Page {
  /** From 0. */
  readonly index: number
  /** How many pages this version has; all must have come before it is applied. */
  readonly count: number
}

/** An assignment on the wire: whole, as a change against `base`, or one page of either. */
export interface ClusterLoadAssignmentUpdate extends ClusterLoadAssignment {
  /** The version that `endpoints` (added or replaced, by id) and `removed` apply to. Absent: the whole assignment. */
  readonly base?: string
  /** Ids that are gone since `base`. */
  readonly removed?: readonly string[]
  /** Absent: everything is in this event. */
  readonly page?: Page
}
