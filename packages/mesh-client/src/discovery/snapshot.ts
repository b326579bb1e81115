import type {
  Cluster,
  ClusterLoadAssignment,
  Endpoint,
  HostIndex,
  InboundPolicy,
  Resource,
  ResourceKey,
  Result,
  RouteConfiguration,
  TrustBundle,
} from '@weft/mesh-protocol'
import { HOST_INDEX_NAME, resourceKey } from '@weft/mesh-protocol'

/** The hosts of the mesh, as a set that a change can be applied to. */
export interface HeldHosts<Hosts> {
  readonly version: string
  readonly domain: string
  readonly names: ReadonlySet<string>
  readonly outboundTrafficPolicy?: HostIndex['outboundTrafficPolicy']
  /** What the compile hook made of it. */
  readonly compiled: Hosts
}

/** The endpoints of one assignment by id. */
export interface HeldAssignment {
  readonly version: string
  readonly endpoints: ReadonlyMap<string, Endpoint>
}

/** The routes of one host, as they came and as the compile hook made them. */
export interface HeldRoutes<Routes> {
  readonly config: RouteConfiguration
  readonly compiled: Routes
}

/**
 * Everything in force, all of one moment. Immutable and replaced whole; what an update leaves alone is the same object
 * before and after.
 */
export interface Snapshot<Routes, Hosts> {
  /** `undefined` until the first index has come. */
  readonly hosts: HeldHosts<Hosts> | undefined
  /** `undefined` until the first inbound policy has come. */
  readonly inbound: InboundPolicy | undefined
  /** Whom peers are believed by; `undefined` until it has come, which it does only where there is a CA. */
  readonly trust: TrustBundle | undefined
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly assignments: ReadonlyMap<string, HeldAssignment>
  /** By host; `absent`: the server says that the host does not exist. */
  readonly routes: ReadonlyMap<string, HeldRoutes<Routes> | 'absent'>
}

/**
 * Turns resources into what calls are matched with. Injected, because that knowledge lives in `routing/`; must be total:
 * what cannot be compiled (a bad regex) is a result with violations.
 */
export interface Compile<Routes, Hosts> {
  routes(config: RouteConfiguration): Result<Routes>
  hosts(index: HostIndex): Hosts
  /** Whether an inbound policy can be enforced. Absent: every one can. */
  inbound?(policy: InboundPolicy): Result<unknown>
  /** Whether a trust bundle can be used. Absent: every one can. */
  trust?(bundle: TrustBundle): Result<unknown>
}

export function emptySnapshot<Routes, Hosts>(): Snapshot<Routes, Hosts> {
  return {
    hosts: undefined,
    inbound: undefined,
    trust: undefined,
    clusters: new Map(),
    assignments: new Map(),
    routes: new Map(),
  }
}

/** The version of everything in force: what a new stream need not send again. */
export function heldVersions(snapshot: Snapshot<unknown, unknown>): Record<ResourceKey, string> {
  const versions: Record<ResourceKey, string> = {}
  if (snapshot.hosts !== undefined) versions[HOSTS_KEY] = snapshot.hosts.version
  if (snapshot.inbound !== undefined)
    versions[resourceKey('InboundPolicy', snapshot.inbound.name)] = snapshot.inbound.version
  if (snapshot.trust !== undefined) versions[resourceKey('TrustBundle', snapshot.trust.name)] = snapshot.trust.version
  for (const [name, { version }] of snapshot.clusters) versions[resourceKey('Cluster', name)] = version
  for (const [name, { version }] of snapshot.assignments) versions[resourceKey('ClusterLoadAssignment', name)] = version
  for (const [name, held] of snapshot.routes) {
    if (held !== 'absent') versions[resourceKey('RouteConfiguration', name)] = held.config.version
  }
  return versions
}

const HOSTS_KEY = resourceKey('HostIndex', HOST_INDEX_NAME)

/** The same as whole wire resources, what is referenced before what refers to it. */
export function* heldResources(snapshot: Snapshot<unknown, unknown>): Generator<Resource> {
  if (snapshot.trust !== undefined) yield snapshot.trust
  if (snapshot.inbound !== undefined) yield snapshot.inbound
  yield* snapshot.clusters.values()
  for (const [name, held] of snapshot.assignments) yield assignmentResource(name, held)
  for (const held of snapshot.routes.values()) if (held !== 'absent') yield held.config
  if (snapshot.hosts !== undefined) yield hostIndexResource(snapshot.hosts)
}

function assignmentResource(name: string, { version, endpoints }: HeldAssignment): ClusterLoadAssignment {
  return { type: 'ClusterLoadAssignment', name, version, endpoints: [...endpoints.values()] }
}

function hostIndexResource({ version, domain, names, outboundTrafficPolicy: policy }: HeldHosts<unknown>): HostIndex {
  const outbound = policy === undefined ? {} : { outboundTrafficPolicy: policy }
  return { type: 'HostIndex', name: HOST_INDEX_NAME, version, domain, hosts: [...names], ...outbound }
}
