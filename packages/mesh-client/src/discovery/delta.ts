import {
  applyEndpointDiff,
  type ClusterLoadAssignmentUpdate,
  type Endpoint,
  type HostIndex,
  type HostIndexUpdate,
  sameEndpoint,
} from '@weft/mesh-protocol'
import type { HeldAssignment } from './snapshot.ts'

/**
 * The update with every endpoint that is held already replaced by the object that is held. Done as the pages come, so that
 * the last one of a large assignment does not hold the process up.
 */
export function withHeldEndpoints(
  held: HeldAssignment | undefined,
  update: ClusterLoadAssignmentUpdate,
): ClusterLoadAssignmentUpdate {
  if (held === undefined) return update
  const endpoints = update.endpoints.map((endpoint) => {
    const known = held.endpoints.get(endpoint.id)
    return known !== undefined && sameEndpoint(known, endpoint) ? known : endpoint
  })
  return { ...update, endpoints }
}

/** An assignment after an update. `undefined`: the update is a change against a version that is not the one held. */
export function changedAssignment(
  held: HeldAssignment | undefined,
  { version, base, endpoints, removed = [] }: ClusterLoadAssignmentUpdate,
): HeldAssignment | undefined {
  if (base === undefined) {
    const byId = new Map<string, Endpoint>()
    for (const endpoint of endpoints) byId.set(endpoint.id, endpoint)
    return { version, endpoints: byId }
  }
  if (held?.version !== base) return undefined
  return { version, endpoints: applyEndpointDiff(held.endpoints, { upserts: endpoints, removed }) }
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
