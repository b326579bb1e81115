import type { DatabaseSync } from 'node:sqlite'
import type { MakeId } from '../kernel/identifier.ts'
import { corrupt } from './sqlite-errors.ts'
import { StoreError } from './store-error.ts'

/** Grows when the tables change; a file of a later version is refused and left alone. */
const SCHEMA_VERSION = 1

/** "weft" in ASCII, so that a strange SQLite file is not taken for ours. */
const APPLICATION_ID = 0x77656674

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE kv (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL, lease_id TEXT
  ) WITHOUT ROWID;
  CREATE INDEX kv_by_lease ON kv (lease_id) WHERE lease_id IS NOT NULL;
  CREATE TABLE leases (id TEXT PRIMARY KEY, ttl_ms INTEGER NOT NULL) WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/**
 * Takes the file for this process, checks it and makes the tables of a new one. The exclusive lock is the kernel's, so that it
 * is gone with the process however that ends.
 */
export function prepareDatabase(db: DatabaseSync, file: string, makeEpoch: MakeId): void {
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL')
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(pragma(db, 'user_version'))
    const isNew = version === 0 && db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0
    if (isNew) createTables(db, makeEpoch())
    else checkDatabase(db, file, version)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
  // Only now, since it writes to the file, which may have turned out to be somebody else's.
  db.exec('PRAGMA journal_mode = WAL')
}

function createTables(db: DatabaseSync, epoch: string): void {
  db.exec(TABLES)
  db.prepare("INSERT INTO meta VALUES ('epoch', ?), ('revision', 0)").run(epoch)
}

function checkDatabase(db: DatabaseSync, file: string, version: number): void {
  if (pragma(db, 'application_id') !== APPLICATION_ID) {
    throw new StoreError(
      'WEFT_STORE_CORRUPT',
      `${file} is a SQLite database but not one of Weft: choose another --data-dir.`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'WEFT_STORE_TOO_NEW',
      `${file} was written by a later Weft (schema ${version}, this one knows ${SCHEMA_VERSION}): start that version or newer.`,
    )
  }
  const verdict = String(pragma(db, 'quick_check(1)'))
  if (verdict !== 'ok') throw corrupt(file, verdict)
}

function pragma(db: DatabaseSync, name: string): unknown {
  const row = db.prepare(`PRAGMA ${name}`).get()
  return row === undefined ? undefined : Object.values(row)[0]
}
