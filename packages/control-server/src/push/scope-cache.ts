import {
  type Cluster,
  expandServiceHost,
  parseClusterName,
  type ResourceKey,
  resourceKey,
  routedClusters,
} from '@weft/mesh-protocol'
import { isHostSubset, isWildcardHost } from '../config/host-name.ts'
import { MultiMap } from '../kernel/multi-map.ts'
import type { ClientScope } from '../translate/client-scope.ts'
import { translateCluster } from '../translate/clusters.ts'
import type { TranslateContext } from '../translate/context.ts'
import { translateRoutes } from '../translate/routes.ts'
import { aliasTarget } from '../translate/visible-services.ts'
import type { Assignment, Assignments } from './assignments.ts'
import { type Entry, makeEntry } from './entry.ts'
import type { HostIndexState } from './host-index.ts'

/** A cluster as the clients of one scope see it. */
export interface ClusterState {
  readonly entry: Entry
  readonly assignment: Assignment
  /** The cluster that answers while its breaker is open. */
  readonly fallback: string | undefined
}

/** A subscribed host with everything that its routes lead to. */
export interface Closure {
  /** `undefined`: there is no such host. */
  readonly routes: Entry | undefined
  readonly clusters: readonly ClusterState[]
  readonly keys: ReadonlySet<ResourceKey>
  /** Hosts whose services, policies or endpoints it depends on, whether they exist or not. */
  readonly hosts: ReadonlySet<string>
}

/** A host that somebody follows. `S` is who follows; to the cache it is opaque. */
export interface HostState<S> {
  readonly host: string
  closure: Closure
  readonly subscribers: Set<S>
}

/** The translations for all clients of one scope: only of hosts that one of them follows, and each made once. */
export class ScopeCache<S> {
  readonly scope: ClientScope
  /** The hosts that its clients may call. */
  index: HostIndexState
  /** Streams that belong to it. */
  users = 0
  private readonly assignments: Assignments
  private readonly hosts = new Map<string, HostState<S>>()
  private readonly dependents = new MultiMap<HostState<S>>()
  private readonly clusters = new Map<string, { state: ClusterState; users: number }>()

  constructor(scope: ClientScope, index: HostIndexState, assignments: Assignments) {
    this.scope = scope
    this.index = index
    this.assignments = assignments
  }

  subscribe(context: TranslateContext, host: string, subscriber: S): HostState<S> {
    const known = this.hosts.get(host)
    const state = known ?? { host, closure: NOTHING, subscribers: new Set<S>() }
    if (known === undefined) {
      this.hosts.set(host, state)
      this.replace(state, this.makeClosure(context, host))
    }
    state.subscribers.add(subscriber)
    return state
  }

  unsubscribe(state: HostState<S>, subscriber: S): void {
    state.subscribers.delete(subscriber)
    if (state.subscribers.size > 0) return
    this.hosts.delete(state.host)
    this.replace(state, NOTHING)
  }

  /** Every followed host. */
  all(): Iterable<HostState<S>> {
    return this.hosts.values()
  }

  /** Followed hosts that depend on one of these, which may be wildcards. */
  affectedBy(hosts: Iterable<string>): ReadonlySet<HostState<S>> {
    const affected = new Set<HostState<S>>()
    for (const host of hosts) {
      if (!isWildcardHost(host)) for (const state of this.dependents.get(host)) affected.add(state)
      else
        for (const known of this.dependents.keys()) {
          if (isHostSubset(known, host)) for (const state of this.dependents.get(known)) affected.add(state)
        }
    }
    return affected
  }

  /** Translates hosts again. Every cluster of theirs is made anew once; a part that comes out equal stays the same object. */
  refresh(context: TranslateContext, states: Iterable<HostState<S>>): void {
    const fresh: Fresh = new Map()
    for (const state of states) this.replace(state, this.makeClosure(context, state.host, state.closure, fresh))
  }

  private replace(state: HostState<S>, closure: Closure): void {
    const before = state.closure
    state.closure = closure
    for (const host of closure.hosts) this.dependents.add(host, state)
    for (const host of before.hosts) if (!closure.hosts.has(host)) this.dependents.delete(host, state)
    for (const { entry } of closure.clusters) this.countUser(entry, 1)
    for (const { entry } of before.clusters) this.countUser(entry, -1)
  }

  private countUser({ key }: Entry, by: 1 | -1): void {
    const known = this.clusters.get(key)
    if (known === undefined) return
    known.users += by
    if (known.users > 0) return
    this.clusters.delete(key)
    this.assignments.release(known.state.assignment)
  }

  private makeClosure(context: TranslateContext, host: string, before?: Closure, fresh?: Fresh): Closure {
    const routes = translateRoutes(context, host)
    const own = ownHosts(context, host)
    if (routes === undefined) return { routes: undefined, clusters: [], keys: new Set(), hosts: own }
    const entry = makeEntry(routes)
    const names = new Set(routedClusters(routes))
    const hosts = new Set(own)
    const clusters: ClusterState[] = []
    const keys = new Set([entry.key])
    for (const name of names) {
      for (const dependency of hostsBehind(context, name)) hosts.add(dependency)
      const cluster = this.cluster(context, name, fresh)
      if (cluster === undefined) continue
      clusters.push(cluster)
      keys.add(cluster.entry.key).add(cluster.assignment.resource)
      // Of an alias, the service that it stands for.
      hosts.add(cluster.assignment.key.host)
      if (cluster.fallback !== undefined) names.add(cluster.fallback)
    }
    return {
      routes: before?.routes?.version === entry.version ? before.routes : entry,
      clusters,
      keys: before !== undefined && sameSet(before.keys, keys) ? before.keys : keys,
      hosts,
    }
  }

  private cluster(context: TranslateContext, name: string, fresh: Fresh | undefined): ClusterState | undefined {
    if (fresh === undefined) return this.clusters.get(resourceKey('Cluster', name))?.state ?? this.remake(context, name)
    if (!fresh.has(name)) fresh.set(name, this.remake(context, name))
    return fresh.get(name)
  }

  private remake(context: TranslateContext, name: string): ClusterState | undefined {
    const translated = translateCluster(context, name)
    if (translated === undefined) return undefined
    const entry = makeEntry(translated.cluster)
    const assignment = this.assignments.acquire(context, translated.assignment)
    const known = this.clusters.get(entry.key)
    const state = { entry, assignment, fallback: fallbackOf(translated.cluster) }
    if (known === undefined) {
      this.clusters.set(entry.key, { state, users: 0 })
      return state
    }
    this.assignments.release(known.state.assignment)
    known.state = known.state.entry.version === entry.version ? { ...state, entry: known.state.entry } : state
    return known.state
  }
}

/** Whether a followed host depends on one of these, which may be wildcards. */
export function dependsOn({ closure }: Pick<HostState<unknown>, 'closure'>, hosts: ReadonlySet<string>): boolean {
  for (const host of hosts) {
    if (!isWildcardHost(host)) {
      if (closure.hosts.has(host)) return true
    } else for (const known of closure.hosts) if (isHostSubset(known, host)) return true
  }
  return false
}

/** Clusters made from the newest model in one pass; `undefined`: there is none of that name. */
type Fresh = Map<string, ClusterState | undefined>

const NOTHING: Closure = { routes: undefined, clusters: [], keys: new Set(), hosts: new Set() }

function fallbackOf({ errorRateBreaker }: Pick<Cluster, 'errorRateBreaker'>): string | undefined {
  const fallback = errorRateBreaker?.fallback
  return fallback !== undefined && 'cluster' in fallback ? fallback.cluster : undefined
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((value) => b.has(value))
}

/** Hosts that decide what a host is: it may become short for a service, and what it is an alias of may come and go. */
function ownHosts({ model }: TranslateContext, host: string): ReadonlySet<string> {
  const hosts = new Set([host, expandServiceHost(host, '', model.domain)])
  for (const each of hosts) {
    const name = model.aliases.get(each)
    if (name !== undefined) hosts.add(aliasTarget(name))
  }
  return hosts
}

/** Those that decide what the host of a cluster is. */
function hostsBehind(context: TranslateContext, cluster: string): ReadonlySet<string> {
  return ownHosts(context, parseClusterName(cluster)?.host ?? cluster)
}
