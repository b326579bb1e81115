import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { hostsOverlap } from '../config/host-name.ts'
import { HostSet } from '../config/host-set.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { IstioEgressListener, SidecarSpec } from '../config/spec/sidecar.ts'
import { MultiMap } from '../kernel/multi-map.ts'
import type { MeshService } from '../registry/model.ts'
import { type ClientScope, hasLabels } from './client-scope.ts'

/** What a Sidecar lets the clients that it holds for see. */
export interface SidecarScope {
  /** `namespace/name`. */
  readonly name: string
  /** `undefined`: as the mesh says. */
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY' | undefined
  /** What of a service may be called, by a client of a namespace; `undefined`: nothing. */
  reach(service: MeshService, clientNamespace: string): MeshService | undefined
  /** Whether a policy for these hosts, in full, is looked at. */
  imports(hosts: Iterable<string>, namespace: string, clientNamespace: string): boolean
}

/** The Sidecars of a mesh. */
export interface SidecarIndex {
  /** The one that holds for a client: it alone, nothing is merged. */
  find(client: ClientScope): SidecarScope | undefined
  /** Keys of `workloadSelector`s: what the outcome depends on besides the client's namespace. */
  readonly labelKeys: ReadonlySet<string>
}

interface Entry extends SidecarScope {
  /** Labels of the clients that it is for; `undefined`: all of the namespace. */
  readonly labels: Readonly<Record<string, string>> | undefined
}

/**
 * By the order of Istio's `push_context.go` `getSidecarScope`: the oldest that selects the client's workload, the oldest without
 * a selector of its namespace, that of the root namespace. `resources` come oldest first.
 */
export function indexSidecars(resources: readonly ConfigResource[]): SidecarIndex {
  const byNamespace = new Map<string, Entry[]>()
  const labelKeys = new Set<string>()
  for (const resource of resources) {
    const entry = entryOf(resource)
    const { namespace } = resource.metadata
    for (const key of Object.keys(entry.labels ?? {})) labelKeys.add(key)
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), entry])
  }
  const forAll = (namespace: string): Entry | undefined =>
    byNamespace.get(namespace)?.find(({ labels }) => labels === undefined)
  return {
    labelKeys,
    find({ namespace, labels }) {
      const selecting = byNamespace
        .get(namespace)
        ?.find((entry) => entry.labels !== undefined && hasLabels(labels, entry.labels))
      return selecting ?? forAll(namespace) ?? forAll(ROOT_NAMESPACE)
    },
  }
}

function entryOf({ metadata, spec: given }: ConfigResource): Entry {
  const { workloadSelector, egress = [], outboundTrafficPolicy } = given as SidecarSpec
  const listeners = egress.map(listenerOf)
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    labels: workloadSelector === undefined ? undefined : (workloadSelector.labels ?? {}),
    // The zero value of Istio's enumeration, once the block is there.
    outboundTrafficPolicy:
      outboundTrafficPolicy === undefined ? undefined : (outboundTrafficPolicy.mode ?? 'REGISTRY_ONLY'),
    reach: (service, clientNamespace) =>
      listeners.length === 0 ? service : reach(listeners, service, clientNamespace),
    imports: (hosts, namespace, clientNamespace) =>
      listeners.length === 0 ||
      listeners.some((listener) => importsAny(listener, [...hosts], namespace, clientNamespace)),
  }
}

interface Listener {
  /** 0: every port that no other listener has. */
  readonly port: number
  readonly hosts: WrittenHosts
  /** `~ns/host`: what is left out again, `~/host` of every namespace. */
  readonly without: WrittenHosts
}

const NONE = new HostSet([])

/** Hosts by namespace as written: a name, `.` for the client's own, or `*` for all; the three are one list. */
class WrittenHosts {
  private readonly written = new MultiMap<string>()
  private readonly sets = new Map<string, HostSet>()

  add(namespace: string, host: string): void {
    this.written.add(namespace, host)
    this.sets.delete(namespace)
  }

  /** Whether one of them is the host of a namespace or a wildcard for it. */
  covers(host: string, namespace: string, client: string): boolean {
    return keysOf(namespace, client).some((key) => this.setOf(key).covers(host))
  }

  /** Also where the host is a wildcard for one of them. */
  overlaps(host: string, namespace: string, client: string): boolean {
    return keysOf(namespace, client).some((key) =>
      [...this.written.get(key)].some((pattern) => hostsOverlap(host, pattern)),
    )
  }

  private setOf(key: string): HostSet {
    const written = this.written.get(key)
    const known = this.sets.get(key)
    if (known !== undefined || written.size === 0) return known ?? NONE
    const made = new HostSet([...written])
    this.sets.set(key, made)
    return made
  }
}

function keysOf(namespace: string, client: string): readonly string[] {
  return namespace === client ? [namespace, '.', '*'] : [namespace, '*']
}

function listenerOf({ port, hosts: written }: IstioEgressListener): Listener {
  const hosts = new WrittenHosts()
  const without = new WrittenHosts()
  for (const each of written) {
    const slash = each.indexOf('/')
    const namespace = each.slice(0, slash)
    const host = each.slice(slash + 1).toLowerCase()
    if (namespace.startsWith('~')) without.add(namespace === '~' ? '*' : namespace.slice(1), host)
    else hosts.add(namespace, host)
  }
  return { port: port?.number ?? 0, hosts, without }
}

/**
 * The ports whose listener has the service: the one for the port where there is one, else the one for the rest (Istio
 * `sidecar.go` `GetEgressListenerForRDS`).
 */
function reach(listeners: readonly Listener[], service: MeshService, client: string): MeshService | undefined {
  const { ports } = service
  const rest = listeners.find(({ port }) => port === 0)
  const ofPort = (number: number): Listener | undefined => listeners.find(({ port }) => port === number) ?? rest
  if (ports.length === 0) return rest !== undefined && importsService(rest, service, client) ? service : undefined
  const reached = ports.filter(({ number }) => {
    const listener = ofPort(number)
    return listener !== undefined && importsService(listener, service, client)
  })
  if (reached.length === ports.length) return service
  return reached.length === 0 ? undefined : { ...service, ports: reached }
}

/** What a listener names of the service's namespace and what it names of all are one list (Istio `sidecar.go` `selectServices`). */
function importsService({ hosts, without }: Listener, { host, namespace }: MeshService, client: string): boolean {
  return hosts.covers(host, namespace, client) && !without.covers(host, namespace, client)
}

/** One host that is imported and not left out again is enough (Istio `virtualservice.go` `SelectVirtualServices`). */
function importsAny(
  { hosts, without }: Listener,
  named: readonly string[],
  namespace: string,
  client: string,
): boolean {
  return named.some((host) => hosts.overlaps(host, namespace, client) && !without.covers(host, namespace, client))
}
