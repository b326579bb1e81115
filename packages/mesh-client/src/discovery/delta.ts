import {
  applyEndpointDiff,
  type ClusterLoadAssignmentUpdate,
  diffEndpoints,
  type Endpoint,
  type HostIndex,
  type HostIndexUpdate,
} from '@weft/mesh-protocol'
import type { HeldAssignment } from './snapshot.ts'

/**
 * An assignment after an update; endpoints that stay the same stay the same objects. `undefined`: the update is a change
 * against a version that is not the one held.
 */
export function changedAssignment(
  held: HeldAssignment | undefined,
  { version, base, endpoints, removed = [] }: ClusterLoadAssignmentUpdate,
): HeldAssignment | undefined {
  if (base !== undefined) {
    if (held?.version !== base) return undefined
    return { version, endpoints: applyEndpointDiff(held.endpoints, { upserts: endpoints, removed }) }
  }
  const whole = new Map(endpoints.map((endpoint): [string, Endpoint] => [endpoint.id, endpoint]))
  if (held === undefined) return { version, endpoints: whole }
  return { version, endpoints: applyEndpointDiff(held.endpoints, diffEndpoints(held.endpoints, whole)) }
}

/** The same for the host index, given as the names held and their version. */
export function changedHosts(
  held: { readonly version: string; readonly names: ReadonlySet<string> } | undefined,
  { base, removed = [], ...index }: HostIndexUpdate,
): HostIndex | undefined {
  if (base === undefined) return index
  if (held?.version !== base) return undefined
  const names = new Set(held.names)
  for (const host of removed) names.delete(host)
  for (const host of index.hosts) names.add(host)
  return { ...index, hosts: [...names] }
}
