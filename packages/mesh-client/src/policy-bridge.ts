import type { Endpoint } from '@weft/mesh-protocol'
import type { ClusterManager } from './cluster/types.ts'
import type { Snapshot } from './discovery/snapshot.ts'
import { EMPTY_VIEW, type HostTable, type PolicySource, type PolicyView } from './routing/policy-view.ts'
import type { RouteTable } from './routing/route-table.ts'

export type MeshSnapshot = Snapshot<RouteTable, HostTable>

/** What the data plane sees of discovery. */
export interface PolicyBridge extends PolicySource {
  /** Brings a new snapshot into force: clusters that calls may be led to first, those that are gone last. */
  apply(after: MeshSnapshot, before: MeshSnapshot): void
}

export function createPolicyBridge(clusters: ClusterManager, follow: (host: string) => void): PolicyBridge {
  const listeners = new Set<() => void>()
  const followed = new Set<string>()
  let view: PolicyView = EMPTY_VIEW
  return {
    get current() {
      return view
    },
    follow(host) {
      if (followed.has(host)) return
      followed.add(host)
      follow(host)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    apply(after, before) {
      setClusters(clusters, after, before)
      const seen = view
      view = viewOf(after, before, view)
      for (const name of before.clusters.keys()) if (!after.clusters.has(name)) clusters.remove(name)
      if (view !== seen) for (const listener of [...listeners]) listener()
    },
  }
}

function setClusters(clusters: ClusterManager, after: MeshSnapshot, before: MeshSnapshot): void {
  if (after.clusters === before.clusters && after.assignments === before.assignments) return
  for (const [name, cluster] of after.clusters) {
    const assignment = after.assignments.get(cluster.edsServiceName)
    const same = before.clusters.get(name) === cluster && before.assignments.get(cluster.edsServiceName) === assignment
    if (!same) clusters.upsert(cluster, assignment?.endpoints ?? new Map<string, Endpoint>())
  }
}

function viewOf(after: MeshSnapshot, before: MeshSnapshot, view: PolicyView): PolicyView {
  const sameRoutes = after.routes === before.routes
  const sameHosts = after.hosts === before.hosts
  if (sameRoutes && sameHosts && after.inbound === before.inbound) return view
  const routes = sameRoutes ? view.routes : new Map<string, RouteTable | 'absent'>(tables(after))
  return { hosts: after.hosts?.compiled, routes, inbound: after.inbound }
}

function* tables({ routes }: MeshSnapshot): Generator<[string, RouteTable | 'absent']> {
  for (const [host, held] of routes) yield [host, held === 'absent' ? held : held.compiled]
}
