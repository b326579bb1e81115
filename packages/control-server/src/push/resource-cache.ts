import type { Node, ResourceKey } from '@weft/mesh-protocol'
import type { Model, ModelChange } from '../registry/model.ts'
import { scopeKey, scopeOf } from '../translate/client-scope.ts'
import type { TranslateContext } from '../translate/context.ts'
import { indexPolicies, type PolicyIndex } from '../translate/policy-index.ts'
import { Assignments } from './assignments.ts'
import { HostIndexState } from './host-index.ts'
import { InboundPolicies, inboundSubject } from './inbound-policies.ts'
import { type HostState, ScopeCache } from './scope-cache.ts'
import type { Stream } from './stream.ts'

/** What a change made newer than what streams may have been sent. */
export interface Refreshed {
  readonly hosts: ReadonlySet<HostState<Stream>>
  readonly index: boolean
  readonly inbound: boolean
  /** The labels that tell clients apart are others now: every stream may belong to another scope. */
  readonly scopes: boolean
}

/** Everything that is pushed, translated from one model and kept up with it. Clients that see the same share it. */
export class ResourceCache {
  readonly index: HostIndexState
  private modelNow: Model
  private policies: PolicyIndex
  private readonly assignments = new Assignments()
  private readonly inbound = new InboundPolicies()
  private readonly scopes = new Map<string, ScopeCache<Stream>>()

  constructor(model: Model) {
    this.modelNow = model
    this.policies = indexPolicies(model)
    this.index = new HostIndexState(model)
  }

  get revision(): number {
    return this.modelNow.revision
  }

  /** Translates again what depends on what changed, and nothing else. */
  apply(change: ModelChange): Refreshed {
    const { model, services, instances, policyHosts } = change
    const labelsBefore = this.policies.clientLabelKeys
    this.modelNow = model
    this.policies = indexPolicies(model, this.policies)
    const moved = [...new Set([...instances, ...services])].filter((host) => this.assignments.refresh(model, host))
    const hosts = new Set<HostState<Stream>>()
    for (const scope of this.scopes.values()) {
      const translate = scope.affectedBy([...services, ...policyHosts])
      scope.refresh(this.context(scope), translate)
      for (const state of translate) hosts.add(state)
      for (const state of scope.affectedBy(moved)) hosts.add(state)
    }
    const namespaces = new Set([...services].map((host) => host.split('.', 2)[1] ?? ''))
    return {
      hosts,
      index: services.size > 0 && this.index.refresh(model),
      inbound: this.inbound.refresh(model, new Set([...namespaces, ...change.inbound])),
      scopes: !sameKeys(labelsBefore, this.policies.clientLabelKeys),
    }
  }

  /** The scope that a client belongs to now; to be left again. */
  joinScope(node: Node): ScopeCache<Stream> {
    const scope = scopeOf(node, this.policies.clientLabelKeys)
    const key = scopeKey(scope)
    const cache = this.scopes.get(key) ?? new ScopeCache<Stream>(scope, this.assignments)
    this.scopes.set(key, cache)
    cache.users++
    return cache
  }

  leaveScope(cache: ScopeCache<Stream>): void {
    if (--cache.users === 0) this.scopes.delete(scopeKey(cache.scope))
  }

  /** What streams follow that depends on one of these hosts. */
  *dependentsOf(hosts: ReadonlySet<string>): Generator<HostState<Stream>> {
    for (const scope of this.scopes.values()) yield* scope.affectedBy(hosts)
  }

  subscribe(stream: Stream, host: string): HostState<Stream> {
    return stream.scope.subscribe(this.context(stream.scope), host, stream)
  }

  inboundFor(node: Node): Stream['inbound'] {
    return this.inbound.acquire(this.modelNow, inboundSubject(node, this.modelNow.workloads.get(node.id)))
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
    return { model: this.modelNow, policies: this.policies, client: scope }
  }
}

function sameKeys(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key))
}
