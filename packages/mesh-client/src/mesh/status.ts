import type { ClusterManager, ClusterRuntime } from '../cluster/types.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { IdentityManager } from '../identity/identity-manager.ts'
import type { RegistrationStatus } from './registrations.ts'
import type { Self } from './self.ts'
import type { ClusterStatus, MeshStatus, RegistrationView } from './types.ts'

export interface StatusSources {
  readonly self: Self
  readonly discovery: Discovery<unknown, unknown>
  readonly clusters: ClusterManager
  readonly registrations: readonly RegistrationStatus[]
  readonly admin: { readonly port: number | undefined }
  readonly identity: Pick<IdentityManager, 'status'>
  /** Why the mesh is not ready. */
  readonly missing: readonly string[]
}

export function describeStatus(sources: StatusSources): MeshStatus {
  const { self, discovery, clusters, registrations, admin, identity, missing } = sources
  const { id, service, namespace } = self.node
  const { url, state, since, lastError } = discovery.control
  return {
    disabled: false,
    node: { id, service, namespace },
    ready: missing.length === 0,
    missing,
    control: { url, connected: state === 'connected', since: new Date(since).toISOString(), lastError },
    identity: identity.status(),
    policy: discovery.origin,
    versions: discovery.versions(),
    nacks: [...discovery.refused.values()],
    subscriptions: [...discovery.subscriptions],
    adminPort: admin.port,
    clusters: [...clusters.all()].map(clusterStatus),
    registrations: registrations.map(registrationView),
  }
}

function clusterStatus(cluster: ClusterRuntime): ClusterStatus {
  const endpoints = [...cluster.endpoints()].map(({ endpoint, ejected, unhealthy, refused, draining, active }) => {
    return { id: endpoint.id, health: endpoint.healthStatus, ejected, unhealthy, refused, draining, active }
  })
  return { name: cluster.name, breaker: cluster.breakerState, limits: cluster.limits(), endpoints }
}

function registrationView({ id, address, ports, lease }: RegistrationStatus): RegistrationView {
  return {
    id,
    address,
    ports: ports.map(({ servicePort, listenPort }) => ({ servicePort, listenPort })),
    state: lease.kind,
    error: lease.error,
    violations: lease.kind === 'refused' ? lease.violations : [],
  }
}
