import type { Endpoint } from './wire/endpoint.ts'

/** What turns one endpoint set into another. */
export interface EndpointDiff {
  /** Added or replaced, by id. */
  readonly upserts: readonly Endpoint[]
  /** Ids that are gone. */
  readonly removed: readonly string[]
}

type ById = ReadonlyMap<string, Endpoint>

/** Endpoints that are the same object on both sides are taken as equal without being looked at. */
export function diffEndpoints(before: ById, after: ById): EndpointDiff {
  const upserts: Endpoint[] = []
  const removed: string[] = []
  for (const [id, endpoint] of after) {
    const old = before.get(id)
    if (old !== endpoint && (old === undefined || !sameEndpoint(old, endpoint))) upserts.push(endpoint)
  }
  for (const id of before.keys()) if (!after.has(id)) removed.push(id)
  return { upserts, removed }
}

/** The set after a change; the input is left as it was. */
export function applyEndpointDiff(before: ById, diff: EndpointDiff): Map<string, Endpoint> {
  const after = new Map(before)
  for (const id of diff.removed) after.delete(id)
  for (const endpoint of diff.upserts) after.set(endpoint.id, endpoint)
  return after
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.id === b.id &&
    a.address === b.address &&
    a.port === b.port &&
    a.weight === b.weight &&
    a.healthStatus === b.healthStatus &&
    a.locality.region === b.locality.region &&
    a.locality.zone === b.locality.zone &&
    a.locality.subZone === b.locality.subZone &&
    a.workload.name === b.workload.name &&
    a.workload.namespace === b.workload.namespace &&
    a.workload.serviceAccount === b.workload.serviceAccount &&
    sameRecord(a.labels, b.labels)
  )
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
