import { type Node, parseServiceHost, type ResourceKey, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { MeshSettings } from '../registry/mesh-settings.ts'
import type { Model, ModelChange } from '../registry/model.ts'
import { type ClientScope, scopeKey, scopeOf } from '../translate/client-scope.ts'
import { contextFor, type TranslateContext } from '../translate/context.ts'
import { indexPolicies, type PolicyIndex } from '../translate/policy-index.ts'
import { aliasTarget } from '../translate/visible-services.ts'
import { Assignments } from './assignments.ts'
import type { HostIndexState } from './host-index.ts'
import { HostIndexes } from './host-indexes.ts'
import { InboundPolicies, inboundSubject } from './inbound-policies.ts'
import { type HostState, ScopeCache } from './scope-cache.ts'
import type { Stream } from './stream.ts'

/** What a change made newer than what streams may have been sent. */
export interface Refreshed {
  readonly hosts: ReadonlySet<HostState<Stream>>
  /** Scopes whose clients may call others now. */
  readonly indexes: ReadonlySet<ScopeCache<Stream>>
  readonly inbound: boolean
  /** The labels that tell clients apart are others now: every stream may belong to another scope. */
  readonly scopes: boolean
}

/** Everything that is pushed, translated from one model and kept up with it. Clients that see the same share it. */
export class ResourceCache {
  private modelNow: Model
  private policies: PolicyIndex
  private readonly assignments = new Assignments()
  private readonly inbound = new InboundPolicies()
  private readonly indexes = new HostIndexes()
  private readonly scopes = new Map<string, ScopeCache<Stream>>()

  constructor(model: Model) {
    this.modelNow = model
    this.policies = indexPolicies(model)
  }

  get revision(): number {
    return this.modelNow.revision
  }

  /** Translates again what depends on what changed, and nothing else. */
  apply(change: ModelChange): Refreshed {
    const { model, services, instances, policyHosts } = change
    const { clientLabelKeys: labelsBefore, model: before, peerAuthentications: peersBefore } = this.policies
    const namespaces = new Set([...change.inbound, ...this.namespacesOf(services, model)])
    this.modelNow = model
    this.policies = indexPolicies(model, this.policies)
    const context = { model, policies: this.policies }
    const disables = peersBefore.disables || this.policies.peerAuthentications.disables
    const switched = disables ? this.hostsOf(change.security) : []
    const moved = [...new Set([...instances, ...services, ...switched])].filter((host) =>
      this.assignments.refresh(context, host),
    )
    const hosts = new Set<HostState<Stream>>()
    for (const scope of this.scopes.values()) {
      const others = isRescoped(scope, change)
      const translate = new Set(others ? scope.all() : scope.affectedBy([...services, ...policyHosts]))
      scope.refresh(this.context(scope), translate)
      for (const state of translate) hosts.add(state)
      for (const state of scope.affectedBy(moved)) hosts.add(state)
    }
    return {
      hosts,
      indexes: this.refreshIndexes(change, sameExport(before.mesh, model.mesh)),
      inbound: this.inbound.refresh(context, {
        namespaces,
        hosts: policyHosts,
        security: change.security,
        mesh: change.mesh,
      }),
      scopes: !sameKeys(labelsBefore, this.policies.clientLabelKeys),
    }
  }

  /** Followed hosts of services in these namespaces; of all of them where the root is among these. */
  private *hostsOf(namespaces: ReadonlySet<string>): Generator<string> {
    if (namespaces.size === 0) return
    const all = namespaces.has(ROOT_NAMESPACE)
    for (const host of this.assignments.hosts()) {
      const { services, contested } = this.modelNow
      const definitions = contested.get(host) ?? [services.get(host)]
      if (all || definitions.some((service) => service !== undefined && namespaces.has(service.namespace))) yield host
    }
  }

  private namespacesOf(hosts: Iterable<string>, model: Model): Set<string> {
    const namespaces = new Set<string>()
    for (const host of hosts) {
      for (const source of [this.modelNow, model]) {
        const namespace = source.services.get(host)?.namespace
        if (namespace !== undefined) namespaces.add(namespace)
      }
    }
    return namespaces
  }

  /** @param sameExport services are exported by default as before */
  private refreshIndexes(change: ModelChange, sameExport: boolean): ReadonlySet<ScopeCache<Stream>> {
    const { model, services, mesh, sidecars, policyHosts } = change
    const changed = new Set<ScopeCache<Stream>>()
    if (services.size === 0 && policyHosts.size === 0 && !mesh && sidecars.size === 0) return changed
    const hosts = new Set([...services, ...policyHosts, ...otherNames(services, model)])
    const looked = new Map<HostIndexState, boolean>()
    for (const scope of this.scopes.values()) {
      const context = this.context(scope)
      const before = scope.index
      scope.index = this.indexes.acquire(context, model)
      this.indexes.release(before)
      const known = looked.get(scope.index)
      const now =
        known ?? scope.index.refresh(context, isRescoped(scope, { ...change, mesh: !sameExport }) ? undefined : hosts)
      looked.set(scope.index, now)
      if (now || scope.index !== before) changed.add(scope)
    }
    this.indexes.forget([...hosts].filter((host) => !model.services.has(host) && !model.addresses.has(host)))
    return changed
  }

  /** The scope that a client belongs to now; to be left again. */
  joinScope(node: Node): ScopeCache<Stream> {
    const scope = scopeOf(node, this.policies.clientLabelKeys)
    const key = scopeKey(scope)
    const cache = this.scopes.get(key) ?? this.makeScope(scope)
    this.scopes.set(key, cache)
    cache.users++
    return cache
  }

  private makeScope(scope: ClientScope): ScopeCache<Stream> {
    const index = this.indexes.acquire(contextFor(this.modelNow, this.policies, scope), this.modelNow)
    return new ScopeCache<Stream>(scope, index, this.assignments)
  }

  leaveScope(cache: ScopeCache<Stream>): void {
    if (--cache.users > 0) return
    this.scopes.delete(scopeKey(cache.scope))
    this.indexes.release(cache.index)
  }

  /** What streams follow that depends on one of these hosts. */
  *dependentsOf(hosts: ReadonlySet<string>): Generator<HostState<Stream>> {
    for (const scope of this.scopes.values()) yield* scope.affectedBy(hosts)
  }

  subscribe(stream: Stream, host: string): HostState<Stream> {
    return stream.scope.subscribe(this.context(stream.scope), host, stream)
  }

  inboundFor(node: Node): Stream['inbound'] {
    const context = { model: this.modelNow, policies: this.policies }
    return this.inbound.acquire(context, inboundSubject(node, this.modelNow.workloads.get(node.id)))
  }

  releaseInbound(state: Stream['inbound']): void {
    this.inbound.release(state)
  }

  /** Newest versions of all that a stream follows of one host. */
  *versions(state: HostState<Stream>): Generator<readonly [ResourceKey, string]> {
    const { routes, clusters } = state.closure
    if (routes !== undefined) yield [routes.key, routes.version]
    for (const { entry, assignment } of clusters) {
      yield [entry.key, entry.version]
      yield [assignment.resource, assignment.endpoints.version]
    }
  }

  private context({ scope }: ScopeCache<Stream>): TranslateContext {
    return contextFor(this.modelNow, this.policies, scope)
  }
}

/** Whether the clients of a scope may see something else altogether. */
function isRescoped({ scope }: ScopeCache<Stream>, { mesh, sidecars }: ModelChange): boolean {
  return mesh || sidecars.has(scope.namespace) || sidecars.has(ROOT_NAMESPACE)
}

function sameExport(a: MeshSettings, b: MeshSettings): boolean {
  const byDefault = ({ defaultServiceExportTo, defaultVirtualServiceExportTo }: MeshSettings): string =>
    JSON.stringify([defaultServiceExportTo, defaultVirtualServiceExportTo])
  return byDefault(a) === byDefault(b)
}

/** Names that may mean something else now: short ones that a VirtualService may have been routing, and aliases. */
function otherNames(services: ReadonlySet<string>, { domain, aliases }: Model): ReadonlySet<string> {
  const names = new Set<string>()
  for (const host of services) {
    const service = parseServiceHost(host, domain)
    if (service === undefined) continue
    const short = `${service.name}.${service.namespace}`
    names.add(short).add(`${short}.svc`)
  }
  for (let found = -1; found < names.size; ) {
    found = names.size
    for (const [alias, name] of aliases) {
      const target = aliasTarget(name)
      if (services.has(target) || names.has(target)) names.add(alias)
    }
  }
  return names
}

function sameKeys(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key))
}
