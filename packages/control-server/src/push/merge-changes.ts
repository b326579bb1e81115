import type { ModelChange } from '../registry/model.ts'

/** Two changes, one after the other, as one. */
export function mergeChanges(first: ModelChange | undefined, second: ModelChange): ModelChange {
  if (first === undefined) return second
  return {
    model: second.model,
    services: union(first.services, second.services),
    instances: union(first.instances, second.instances),
    policyHosts: union(first.policyHosts, second.policyHosts),
    workloads: union(first.workloads, second.workloads),
    mesh: first.mesh || second.mesh,
    sidecars: union(first.sidecars, second.sidecars),
    inbound: union(first.inbound, second.inbound),
    security: union(first.security, second.security),
  }
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (b.size === 0) return a
  return a.size === 0 ? b : new Set([...a, ...b])
}
