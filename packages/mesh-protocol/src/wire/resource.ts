import type { Cluster } from './cluster.ts'
import type { ClusterLoadAssignment, ClusterLoadAssignmentUpdate } from './endpoint.ts'
import type { HostIndex, HostIndexUpdate } from './host-index.ts'
import type { InboundPolicy } from './inbound-policy.ts'
import type { ResourceType } from './resource-header.ts'
import type { RouteConfiguration } from './route.ts'
import type { TrustBundle } from './trust-bundle.ts'

/** Every resource type, in the order in which a receiver applies them (what is referenced before what refers to it). */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  'TrustBundle',
  'InboundPolicy',
  'Cluster',
  'ClusterLoadAssignment',
  'RouteConfiguration',
  'HostIndex',
]

/** A whole resource, as a receiver holds it. */
export type Resource = HostIndex | TrustBundle | InboundPolicy | Cluster | ClusterLoadAssignment | RouteConfiguration

/** A resource as it travels: collections may travel as a change against a version that the receiver holds. */
export type ResourceUpdate =
  | HostIndexUpdate
  | TrustBundle
  | InboundPolicy
  | Cluster
  | ClusterLoadAssignmentUpdate
  | RouteConfiguration

/** `type/name`: how a resource is named where types mix (`known`, `ack`, `nack`, `removed`). */
export type ResourceKey = string

export function resourceKey(type: ResourceType, name: string): ResourceKey {
  return `${type}/${name}`
}

/** Takes a key apart again; `undefined` when it names no known type. */
export function parseResourceKey(key: ResourceKey): { type: ResourceType; name: string } | undefined {
  const slash = key.indexOf('/')
  const type = RESOURCE_TYPES.find((known) => known === key.slice(0, slash))
  return type === undefined ? undefined : { type, name: key.slice(slash + 1) }
}
