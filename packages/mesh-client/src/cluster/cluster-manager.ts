import type { Cluster, Endpoint, ServiceRef } from '@weft/mesh-protocol'
import type { Place } from '../balancing/locality-priorities.ts'
import { createSlicedWork } from '../kernel/sliced-work.ts'
import type { ClusterDeps } from './cluster-deps.ts'
import { ClusterState } from './cluster-runtime.ts'
import { DnsRefresher, type ResolveHost } from './dns-refresher.ts'
import { NOWHERE } from './locality-plan.ts'
import type { ClusterManager, EndpointState } from './types.ts'

/** Who calls, for balancing that looks at it. */
export interface CallingWorkload extends Place {
  /** Its service; `undefined` where it has none. */
  readonly service: Pick<ServiceRef, 'name' | 'namespace'> | undefined
}

export interface ClusterManagerDeps extends Omit<ClusterDeps, 'work' | 'self' | 'callers'> {
  /** This process. Default: one that does not say where it runs. */
  readonly caller?: CallingWorkload
  /** Resolves the names of clusters whose endpoints have them. Default: connections resolve them by themselves. */
  readonly resolveHost?: ResolveHost
}

/** Keeps the clusters of a mesh. Everything that it does later it does by the timers given here, none of which hold the loop. */
export function createClusterManager(given: ClusterManagerDeps): ClusterManager {
  const { caller: self = { ...NOWHERE, service: undefined } } = given
  const work = createSlicedWork(given.clock, given.timers)
  const clusters = new Map<string, ClusterState>()
  const leaving = new Map<string, ClusterState>()
  const isOwn = ({ config: { service, subset } }: ClusterState): boolean =>
    subset === '' && service.name === self.service?.name && service.namespace === self.service.namespace
  const callers = (): Iterable<EndpointState> | undefined => [...clusters.values()].find(isOwn)?.endpoints()
  const callersChanged = (): void => {
    for (const cluster of clusters.values()) cluster.callersChanged()
  }
  const deps: ClusterDeps = { ...given, work, self, callers }
  const names = new Map<string, DnsRefresher>()
  const replace = (cluster: ClusterState, config: Cluster, endpoints: ReadonlyMap<string, Endpoint>): void => {
    cluster.replace(config, endpoints)
    if (isOwn(cluster)) callersChanged()
  }
  const resolved = (config: Cluster, assigned: ReadonlyMap<string, Endpoint>): ReadonlyMap<string, Endpoint> => {
    const { name, discoveryType } = config
    const { resolveHost: resolve, timers } = given
    if (discoveryType !== 'STRICT_DNS' || resolve === undefined) {
      names.get(name)?.close()
      names.delete(name)
      return assigned
    }
    const onChange = (endpoints: ReadonlyMap<string, Endpoint>): void => {
      const cluster = clusters.get(name)
      if (cluster !== undefined) replace(cluster, cluster.config, endpoints)
    }
    const refresher = names.get(name) ?? new DnsRefresher({ timers, resolve, onChange })
    names.set(name, refresher)
    return refresher.follow(config, assigned)
  }
  const remove = (name: string): void => {
    names.get(name)?.close()
    names.delete(name)
    const cluster = clusters.get(name)
    if (cluster === undefined) return
    clusters.delete(name)
    leaving.set(name, cluster)
    cluster.leave(() => leaving.delete(name))
    if (isOwn(cluster)) callersChanged()
  }
  const returning = (name: string): ClusterState | undefined => {
    const cluster = leaving.get(name)
    cluster?.stay()
    leaving.delete(name)
    return cluster
  }
  return {
    get: (name) => clusters.get(name),
    all: () => clusters.values(),
    upsert(config, endpoints) {
      const cluster = clusters.get(config.name) ?? returning(config.name) ?? new ClusterState(config, deps)
      clusters.set(config.name, cluster)
      replace(cluster, config, resolved(config, endpoints))
    },
    doubt: (name, ids) => clusters.get(name)?.doubt(ids),
    remove,
    close() {
      for (const name of [...clusters.keys()]) remove(name)
      for (const cluster of leaving.values()) cluster.close()
      leaving.clear()
    },
  }
}
