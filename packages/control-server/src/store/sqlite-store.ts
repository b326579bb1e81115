import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { MakeId } from '../kernel/identifier.ts'
import { type EngineOptions, StoreEngine } from './engine.ts'
import { SqliteBackend } from './sqlite-backend.ts'
import { loadSqlite } from './sqlite-module.ts'
import { corrupt, prepareDatabase } from './sqlite-schema.ts'
import type { Store } from './store.ts'
import { StoreError } from './store-error.ts'

const FILE_NAME = 'weft.db'

/** How long a start waits for the server before it to be gone, so that a quick restart just works. */
const LOCK_WAIT_MS = 1_000

/** Result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

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
    return new StoreEngine(new SqliteBackend(db), options)
  } catch (error) {
    db.close()
    throw explained(error, file)
  }
}

function openDatabase(file: string): DatabaseSync {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    const { DatabaseSync } = loadSqlite()
    return new DatabaseSync(file, { timeout: LOCK_WAIT_MS })
  } catch (error) {
    throw explained(error, file)
  }
}

function explained(error: unknown, file: string): unknown {
  if (error instanceof StoreError) return error
  const reason = error instanceof Error ? error.message : String(error)
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new StoreError(
        'WEFT_STORE_IN_USE',
        `${path.dirname(file)} is in use by another control server: stop that one, or give this one its own --data-dir.`,
        error,
      )
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(file, reason, error)
    default:
      return new StoreError(
        'WEFT_STORE_UNAVAILABLE',
        `${path.dirname(file)} cannot be used (${reason}): check that it is a directory this user can write and that the disk has room.`,
        error,
      )
  }
}

function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}
