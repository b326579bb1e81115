import type { Cluster, Endpoint } from '@weft/mesh-protocol'
import type { ClusterManager } from '../cluster/types.ts'
import { type LocalPeers, NO_LOCAL_PEERS, unclaimed, withLocalPeers } from '../discovery/local-peers.ts'
import type { Snapshot } from '../discovery/snapshot.ts'
import { EMPTY_VIEW, type HostTable, type PolicySource, type PolicyView } from '../routing/policy-view.ts'
import type { RouteTable } from '../routing/route-table.ts'

export type MeshSnapshot = Snapshot<RouteTable, HostTable>

/** What the data plane sees of discovery. */
export interface PolicyBridge extends PolicySource {
  /** Brings a new snapshot into force: clusters that calls may be led to first, those that are gone last. */
  apply(after: MeshSnapshot, before: MeshSnapshot): void
  /** From now on clusters also have these endpoints, and no longer those that were given before. */
  useLocalPeers(peers: LocalPeers): void
}

export function createPolicyBridge(clusters: ClusterManager, follow: (host: string) => void): PolicyBridge {
  const listeners = new Set<() => void>()
  const followed = new Set<string>()
  let view: PolicyView = EMPTY_VIEW
  let peers: LocalPeers = NO_LOCAL_PEERS
  let latest: MeshSnapshot | undefined
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
      latest = after
      setClusters(clusters, after, before, peers)
      const seen = view
      view = viewOf(after, before, view)
      for (const name of before.clusters.keys()) if (!after.clusters.has(name)) clusters.remove(name)
      if (view !== seen) for (const listener of [...listeners]) listener()
    },
    useLocalPeers(next) {
      if (latest !== undefined) replacePeers(clusters, latest, peers, next)
      peers = next
    },
  }
}

function setClusters(clusters: ClusterManager, after: MeshSnapshot, before: MeshSnapshot, peers: LocalPeers): void {
  if (after.clusters === before.clusters && after.assignments === before.assignments) return
  for (const [name, cluster] of after.clusters) {
    const assignment = after.assignments.get(cluster.edsServiceName)
    const known = before.clusters.get(name)
    if (known === cluster && before.assignments.get(cluster.edsServiceName) === assignment) continue
    const assigned = endpointsOf(cluster, after)
    clusters.upsert(cluster, withLocalPeers(cluster, assigned, peers))
    if (known === undefined && peers !== NO_LOCAL_PEERS) clusters.doubt(name, unclaimed(cluster, assigned, peers))
  }
}

function replacePeers(clusters: ClusterManager, snapshot: MeshSnapshot, before: LocalPeers, after: LocalPeers): void {
  for (const cluster of snapshot.clusters.values()) {
    const assigned = endpointsOf(cluster, snapshot)
    const wanted = withLocalPeers(cluster, assigned, after)
    const concerned = wanted !== assigned || withLocalPeers(cluster, assigned, before) !== assigned
    if (concerned) clusters.upsert(cluster, wanted)
  }
}

function endpointsOf({ edsServiceName }: Cluster, snapshot: MeshSnapshot): ReadonlyMap<string, Endpoint> {
  return snapshot.assignments.get(edsServiceName)?.endpoints ?? new Map<string, Endpoint>()
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
