import {
  type Cluster,
  type Endpoint,
  registeredEndpoint,
  validateRegistration,
  type WorkloadRegistration,
} from '@weft/mesh-protocol'

/*
 * Which workloads that were found on this host stand in for endpoints that the last-known-good policy no longer knows. Pure; the
 * files are local-directory.ts's, the moments local-fallback.ts's.
 */

/** What this host itself tells of the workloads that run on it. */
export interface LocalPeers {
  readonly workloads: readonly WorkloadRegistration[]
  /** IP addresses of this host, besides loopback. */
  readonly addresses: readonly string[]
}

export const NO_LOCAL_PEERS: LocalPeers = { workloads: [], addresses: [] }

/** One file of the local directory. */
export interface LocalEntry {
  readonly pid: number
  /** Tells the process from a later one with the same pid; absent where the system does not say. */
  readonly started?: string
  readonly registration: WorkloadRegistration
}

/** `undefined` for what is no entry: truncated, of another format, with an address that cannot be called. */
export function parseLocalEntry(text: string): LocalEntry | undefined {
  try {
    const { pid, started, registration } = JSON.parse(text) as Record<string, unknown>
    const checked = validateRegistration(registration)
    if (!Number.isInteger(pid) || (pid as number) < 1 || !checked.ok) return undefined
    return {
      pid: pid as number,
      ...(typeof started === 'string' ? { started } : {}),
      registration: checked.value,
    }
  } catch {
    return undefined
  }
}

/** The endpoints of a cluster with those that only this host knows; the same object where there are none. */
export function withLocalPeers(
  cluster: Cluster,
  assigned: ReadonlyMap<string, Endpoint>,
  peers: LocalPeers,
): ReadonlyMap<string, Endpoint> {
  const added = localEndpoints(cluster, peers).filter(({ id }) => !assigned.has(id))
  if (added.length === 0) return assigned
  return new Map([...assigned, ...added.map((endpoint) => [endpoint.id, endpoint] as const)])
}

/**
 * Of the endpoints assigned to a cluster, the ids of those on this host that no running workload claims, while others do:
 * most likely they are the ports of instances that have been replaced.
 */
export function unclaimed(
  cluster: Cluster,
  assigned: ReadonlyMap<string, Endpoint>,
  peers: LocalPeers,
): readonly string[] {
  const claimed = new Set(localEndpoints(cluster, peers).map(({ id }) => id))
  if (claimed.size === 0) return []
  return [...assigned.values()]
    .filter(({ id, address }) => !claimed.has(id) && isOnThisHost(address, peers))
    .map(({ id }) => id)
}

/** The endpoints that local workloads are of a cluster. */
function localEndpoints(cluster: Cluster, peers: LocalPeers): readonly Endpoint[] {
  return peers.workloads
    .filter((workload) => isOf(cluster, workload) && isOnThisHost(workload.address, peers))
    .flatMap((workload) =>
      workload.ports
        .filter(({ servicePort }) => servicePort === cluster.port)
        .map(({ listenPort }) => registeredEndpoint(workload, listenPort)),
    )
}

/** A subset whose labels are not told takes nobody: better no endpoint than one of another version. */
function isOf({ service, subset, subsetLabels, subsetFallback }: Cluster, workload: WorkloadRegistration): boolean {
  if (workload.service !== service.name || workload.namespace !== service.namespace) return false
  // With a fallback the assignment has all workloads of the service.
  if (subset === '' || subsetFallback !== undefined) return true
  if (subsetLabels === undefined) return false
  return Object.entries(subsetLabels).every(
    ([key, value]) => Object.hasOwn(workload.labels, key) && workload.labels[key] === value,
  )
}

function isOnThisHost(address: string, { addresses }: LocalPeers): boolean {
  return LOOPBACK.test(address) || addresses.includes(address)
}

const LOOPBACK = /^(localhost|::1|127\.\d+\.\d+\.\d+)$/
