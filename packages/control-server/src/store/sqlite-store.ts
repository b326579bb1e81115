import { closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { MakeId } from '../kernel/identifier.ts'
import { type EngineOptions, StoreEngine } from './engine.ts'
import { SqliteBackend } from './sqlite-backend.ts'
import { storeErrorOf } from './sqlite-errors.ts'
import { loadSqlite } from './sqlite-module.ts'
import { prepareDatabase } from './sqlite-schema.ts'
import type { Store } from './store.ts'
import { StoreError } from './store-error.ts'

const FILE_NAME = 'weft.db'

/** How long a start waits for the server before it to be gone, so that a quick restart just works. */
const LOCK_WAIT_MS = 1_000

export interface SqliteStoreOptions extends EngineOptions {
  /** Made with mode 0700 where it does not exist. */
  readonly dataDir: string
  /** Names the data of a new directory. */
  readonly makeEpoch: MakeId
}

/**
 * Opens, or begins, the store in a directory and keeps every other process out of it until it is closed. Throws
 * {@link StoreError}.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const file = path.resolve(options.dataDir, FILE_NAME)
  const db = openDatabase(file)
  try {
    prepareDatabase(db, file, options.makeEpoch)
    return new StoreEngine(new SqliteBackend(db, file), options)
  } catch (error) {
    db.close()
    throw error instanceof StoreError ? error : storeErrorOf(error, file)
  }
}

function openDatabase(file: string): DatabaseSync {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    // The audit log is for admins, also where others made the directory; SQLite gives its log the mode of the file.
    closeSync(openSync(file, 'a', 0o600))
    const { DatabaseSync } = loadSqlite()
    return new DatabaseSync(file, { timeout: LOCK_WAIT_MS })
  } catch (error) {
    throw error instanceof StoreError ? error : storeErrorOf(error, file)
  }
}
