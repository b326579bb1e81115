import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { systemTurn } from '../../packages/control-server/src/kernel/turn.ts'
import type { EngineOptions } from '../../packages/control-server/src/store/engine.ts'
import { createMemoryStore } from '../../packages/control-server/src/store/memory-store.ts'
import { openSqliteStore } from '../../packages/control-server/src/store/sqlite-store.ts'
import type { Store } from '../../packages/control-server/src/store/store.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store
  readonly time: FakeClock
  /** Everything that a watcher threw. */
  readonly listenerErrors: readonly unknown[]
}

/** Every implementation of the store, by name; each call makes an empty one. */
export const STORES: Readonly<Record<string, () => StoreUnderTest>> = {
  memory: () => underTest((engine) => createMemoryStore({ ...engine, epoch: 'epoch-of-memory' })),
  sqlite: () => {
    const folder = tempFolder()
    return underTest(
      (engine) => openSqliteStore({ ...engine, dataDir: folder.path, makeEpoch: () => 'epoch-of-sqlite' }),
      folder.remove,
    )
  },
}

function underTest(open: (engine: EngineOptions) => Store, cleanUp: () => void = () => undefined): StoreUnderTest {
  const time = fakeClock()
  const listenerErrors: unknown[] = []
  const engine = { clock: time.clock, timers: time.timers, turn: systemTurn }
  const store = open({ ...engine, onListenerError: (error) => listenerErrors.push(error) })
  return {
    store,
    time,
    listenerErrors,
    async [Symbol.asyncDispose]() {
      await store.close()
      cleanUp()
    },
  }
}

export function tempFolder(): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-test-'))
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
