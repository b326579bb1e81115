import { createSlicedWork } from '../kernel/sliced-work.ts'
import { type ClusterDeps, ClusterState } from './cluster-runtime.ts'
import type { ClusterManager } from './types.ts'

/** Keeps the clusters of a mesh. Everything that it does later it does by the timers given here, none of which hold the loop. */
export function createClusterManager(given: Omit<ClusterDeps, 'work'>): ClusterManager {
  const deps: ClusterDeps = { ...given, work: createSlicedWork(given.clock, given.timers) }
  const clusters = new Map<string, ClusterState>()
  const remove = (name: string): void => {
    clusters.get(name)?.close()
    clusters.delete(name)
  }
  return {
    get: (name) => clusters.get(name),
    all: () => clusters.values(),
    upsert(config, endpoints) {
      const cluster = clusters.get(config.name) ?? new ClusterState(config, deps)
      clusters.set(config.name, cluster)
      cluster.replace(config, endpoints)
    },
    doubt: (name, ids) => clusters.get(name)?.doubt(ids),
    remove,
    close() {
      for (const name of [...clusters.keys()]) remove(name)
    },
  }
}
