import {
  type ClusterLoadAssignmentUpdate,
  FIRST_POLICY_WAIT_MS,
  type HostIndexUpdate,
  type InboundPolicy,
  type Nack,
  parseResourceKey,
  RESOURCE_TYPES,
  type ResourceKey,
  type ResourceUpdate,
  type RouteConfiguration,
  resourceKey,
  routedClusters,
  type TrustBundle,
  type UpdateEvent,
  type Violation,
  validateResource,
} from '@weft/mesh-protocol'
import { collectPage } from './assignment-pages.ts'
import { CopyOnWriteMap } from './copy-on-write.ts'
import { changedAssignment, changedHosts, withHeldEndpoints } from './delta.ts'
import { compiledOrWhyNot, nameOf } from './resource-parts.ts'
import type { Compile, Snapshot } from './snapshot.ts'
import type { StoreState, Transaction } from './store-state.ts'

/**
 * Applies one event whole. An invalid resource is nacked alone and keeps its last good version; routes wait until the
 * clusters they name have endpoints, at most {@link FIRST_POLICY_WAIT_MS}, looked at again with every event; everything
 * else comes into force together. Resources of the event may be of any shape: nothing has looked at them before.
 */
export function applyUpdate<Routes, Hosts>(
  state: StoreState<Routes, Hosts>,
  event: UpdateEvent,
  now: number,
  compile: Compile<Routes, Hosts>,
): Transaction<Routes, Hosts> {
  const draft = new Draft(state, compile, now)
  for (const update of draft.validated(event.resources)) draft.take(update)
  for (const key of event.removed) draft.remove(key)
  return draft.settled()
}

/** Time has passed: routes that have waited long enough come into force. */
export function applyHeartbeat<Routes, Hosts>(
  state: StoreState<Routes, Hosts>,
  now: number,
  compile: Compile<Routes, Hosts>,
): Transaction<Routes, Hosts> {
  return new Draft(state, compile, now).settled()
}

class Draft<Routes, Hosts> {
  readonly #compile: Compile<Routes, Hosts>
  readonly #now: number
  readonly #before: StoreState<Routes, Hosts>
  readonly #ack: Record<ResourceKey, string> = {}
  readonly #nack: Nack[] = []
  readonly #clusters
  readonly #assignments
  readonly #routes
  readonly #pages
  readonly #waiting
  readonly #leaving
  readonly #stale
  readonly #refused
  #hosts
  #inbound
  #trust
  #resync: string | undefined

  constructor(state: StoreState<Routes, Hosts>, compile: Compile<Routes, Hosts>, now: number) {
    this.#compile = compile
    this.#now = now
    this.#before = state
    this.#clusters = new CopyOnWriteMap(state.snapshot.clusters)
    this.#assignments = new CopyOnWriteMap(state.snapshot.assignments)
    this.#routes = new CopyOnWriteMap(state.snapshot.routes)
    this.#pages = new CopyOnWriteMap(state.pages)
    this.#waiting = new CopyOnWriteMap(state.waiting)
    this.#leaving = new CopyOnWriteMap(state.leaving)
    this.#stale = new CopyOnWriteMap(state.stale)
    this.#refused = new CopyOnWriteMap(state.refused)
    this.#hosts = state.snapshot.hosts
    this.#inbound = state.snapshot.inbound
    this.#trust = state.snapshot.trust
  }

  /** What has the right shape, what is referenced before what refers to it. */
  validated(resources: readonly unknown[]): readonly ResourceUpdate[] {
    const good: ResourceUpdate[] = []
    for (const resource of resources) {
      const checked = validateResource(resource)
      if (checked.ok) good.push(checked.value)
      else this.#refuse(resource, checked.error)
    }
    return good.sort((a, b) => RESOURCE_TYPES.indexOf(a.type) - RESOURCE_TYPES.indexOf(b.type))
  }

  take(update: ResourceUpdate): void {
    if (this.#accepted(update)) this.#inForce(update)
  }

  remove(key: ResourceKey): void {
    const parsed = parseResourceKey(key)
    this.#refused.delete(key)
    if (parsed?.type === 'RouteConfiguration') {
      this.#waiting.delete(parsed.name)
      this.#routes.set(parsed.name, 'absent')
    } else if (parsed?.type === 'Cluster' || parsed?.type === 'ClusterLoadAssignment') {
      this.#leaving.set(key, true)
    }
  }

  settled(): Transaction<Routes, Hosts> {
    for (const [host, { config, compiled, since }] of this.#waiting.entries()) {
      if (!this.#reachable(config) && this.#now - since < FIRST_POLICY_WAIT_MS) continue
      this.#waiting.delete(host)
      this.#routes.set(host, { config, compiled })
      this.#inForce(config)
    }
    if (this.#waiting.size === 0) this.#dropLeaving()
    return { state: this.#state(), applied: { ack: this.#ack, nack: this.#nack, resync: this.#resync } }
  }

  /** Whether the update is in force now; where it is not, it waits, was refused or has to be asked for again. */
  #accepted(update: ResourceUpdate): boolean {
    switch (update.type) {
      case 'InboundPolicy':
        return this.#takeInbound(update)
      case 'TrustBundle':
        return this.#takeTrust(update)
      case 'Cluster':
        if (this.#clusters.get(update.name)?.version !== update.version) this.#clusters.set(update.name, update)
        return true
      case 'ClusterLoadAssignment':
        return this.#takeAssignment(update)
      case 'RouteConfiguration':
        return this.#takeRoutes(update)
      case 'HostIndex':
        return this.#takeHosts(update)
    }
  }

  #takeInbound(update: InboundPolicy): boolean {
    if (this.#inbound?.version === update.version) return true
    const checked = this.#compile.inbound?.(update)
    if (checked?.ok === false) this.#refuse(update, checked.error)
    else this.#inbound = update
    return checked?.ok !== false
  }

  #takeTrust(update: TrustBundle): boolean {
    if (this.#trust?.version === update.version) return true
    const checked = this.#compile.trust?.(update)
    if (checked?.ok === false) this.#refuse(update, checked.error)
    else this.#trust = update
    return checked?.ok !== false
  }

  #takeAssignment(update: ClusterLoadAssignmentUpdate): boolean {
    const held = this.#assignments.get(update.name)
    const result = collectPage(this.#pages.get(update.name), withHeldEndpoints(held, update))
    if (!result.complete) this.#pages.set(update.name, result.collected)
    if (!result.complete) return false
    this.#pages.delete(update.name)
    if (held?.version === update.version) return true
    const changed = changedAssignment(held, result.update)
    if (changed === undefined) this.#askAgain(update, held?.version)
    else this.#assignments.set(update.name, changed)
    return changed !== undefined
  }

  #takeHosts(update: HostIndexUpdate): boolean {
    if (this.#hosts?.version === update.version) return true
    const index = changedHosts(this.#hosts, update)
    if (index === undefined) this.#askAgain(update, this.#hosts?.version)
    if (index === undefined) return false
    const { version, domain, outboundTrafficPolicy: policy } = index
    const outbound = policy === undefined ? {} : { outboundTrafficPolicy: policy }
    this.#hosts = { version, domain, names: new Set(index.hosts), ...outbound, compiled: this.#compile.hosts(index) }
    return true
  }

  #takeRoutes(config: RouteConfiguration): boolean {
    const held = this.#routes.get(config.name)
    this.#waiting.delete(config.name)
    if (held !== undefined && held !== 'absent' && held.config.version === config.version) return true
    const compiled = compiledOrWhyNot(this.#compile, config)
    if (compiled.ok) this.#waiting.set(config.name, { config, compiled: compiled.value, since: this.#now })
    else this.#refuse(config, compiled.error)
    return false
  }

  #refuse(resource: unknown, violations: readonly Violation[]): void {
    const named = nameOf(resource)
    this.#refused.set(named.name, true)
    this.#nack.push({ ...named, violations })
  }

  #inForce({ type, name, version }: ResourceUpdate): void {
    const key = resourceKey(type, name)
    this.#leaving.delete(key)
    this.#stale.delete(key)
    this.#refused.delete(key)
    this.#ack[key] = version
  }

  #askAgain({ type, name, base }: ClusterLoadAssignmentUpdate | HostIndexUpdate, held: string | undefined): void {
    const key = resourceKey(type, name)
    this.#stale.set(key, true)
    this.#resync = `${key} came as a change against version ${base}, but ${held ?? 'none'} is held`
  }

  /** Whether every cluster that the server has for these routes is there with its endpoints. */
  #reachable(config: RouteConfiguration): boolean {
    return [...routedClusters(config)].every((name) => {
      const cluster = this.#clusters.get(name)
      return cluster === undefined ? this.#pages.size === 0 : this.#assignments.has(cluster.edsServiceName)
    })
  }

  #dropLeaving(): void {
    const needed = this.#neededByLastGood()
    for (const [key] of this.#leaving.entries()) {
      const parsed = parseResourceKey(key)
      if (parsed === undefined || needed.has(key)) continue
      this.#leaving.delete(key)
      this.#stale.delete(key)
      if (parsed.type === 'Cluster') this.#clusters.delete(parsed.name)
      else this.#assignments.delete(parsed.name)
      this.#pages.delete(parsed.name)
    }
  }

  /** Where new routes were refused, the ones before them stay in force and need their clusters for as long. */
  #neededByLastGood(): ReadonlySet<ResourceKey> {
    const needed = new Set<ResourceKey>()
    for (const [key] of this.#refused.entries()) {
      const parsed = parseResourceKey(key)
      const held = parsed?.type === 'RouteConfiguration' ? this.#routes.get(parsed.name) : undefined
      if (held === undefined || held === 'absent') continue
      for (const name of routedClusters(held.config)) {
        needed.add(resourceKey('Cluster', name))
        needed.add(resourceKey('ClusterLoadAssignment', this.#clusters.get(name)?.edsServiceName ?? name))
      }
    }
    return needed
  }

  #state(): StoreState<Routes, Hosts> {
    const { snapshot } = this.#before
    const next: Snapshot<Routes, Hosts> = {
      hosts: this.#hosts,
      inbound: this.#inbound,
      trust: this.#trust,
      clusters: this.#clusters.result,
      assignments: this.#assignments.result,
      routes: this.#routes.result,
    }
    const same = (Object.keys(next) as (keyof typeof next)[]).every((part) => next[part] === snapshot[part])
    return {
      snapshot: same ? snapshot : next,
      pages: this.#pages.result,
      waiting: this.#waiting.result,
      leaving: this.#leaving.result,
      stale: this.#stale.result,
      refused: this.#refused.result,
    }
  }
}
