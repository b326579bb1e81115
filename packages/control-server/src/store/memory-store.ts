import { type EngineOptions, StoreEngine } from './engine.ts'
import { MemoryBackend } from './memory-backend.ts'
import type { Store } from './store.ts'

/** A store that lives and dies with the process: for tests of applications and for trying things out. */
export function createMemoryStore(options: EngineOptions & { readonly epoch: string }): Store {
  return new StoreEngine(new MemoryBackend(options.epoch), options)
}
