import type { Store } from '../store/store.ts'
import type { Model, ModelChange } from './model.ts'
import { ModelBuilder, type OnUnreadable } from './model-builder.ts'

/** The model as it follows the store. */
export interface LiveModel {
  readonly current: Model
  /** Calls back with every change, inside the commit that caused it: who waited for a commit finds its model here. */
  subscribe(listener: (change: ModelChange) => void): () => void
  close(): void
}

export async function followStore(store: Store, domain: string, onUnreadable?: OnUnreadable): Promise<LiveModel> {
  const { revision, entries } = await store.list('')
  const builder = new ModelBuilder(domain, revision, entries, onUnreadable)
  const listeners = new Set<(change: ModelChange) => void>()
  const unwatch = store.watch(revision, (batch) => {
    const change = builder.apply(batch)
    for (const listener of listeners) listener(change)
  })
  return {
    get current() {
      return builder.model
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      listeners.clear()
      unwatch()
    },
  }
}
