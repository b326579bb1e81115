import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Backend, BackendState } from './backend.ts'
import { isSqliteError, storeErrorOf } from './sqlite-errors.ts'
import type { Change, Entry } from './store.ts'

/** After the last ASCII character, so that `[prefix, prefix + LAST)` holds every key that starts with the prefix. */
const LAST = '\u007f'

/** Keeps everything in one SQLite file; `commit` returns when the write-ahead log is on disk. */
export class SqliteBackend implements Backend {
  readonly state: BackendState
  private readonly db: DatabaseSync
  private readonly file: string
  private readonly statements: ReturnType<typeof prepareStatements>

  /** @param db prepared and locked */
  constructor(db: DatabaseSync, file: string) {
    this.db = db
    this.file = file
    this.statements = prepareStatements(db)
    const meta = new Map(
      db
        .prepare('SELECT name, value FROM meta')
        .all()
        .map(({ name, value }) => [name, value]),
    )
    const leases = db.prepare('SELECT id, ttl_ms FROM leases').all()
    this.state = {
      epoch: String(meta.get('epoch')),
      revision: Number(meta.get('revision')),
      leases: leases.map(({ id, ttl_ms }) => ({ id: String(id), ttlMs: Number(ttl_ms) })),
    }
  }

  read(key: string): Entry | undefined {
    const row = this.statements.read.get(key)
    return row === undefined ? undefined : toEntry(row)
  }

  list(prefix: string): readonly Entry[] {
    return this.statements.list.all(prefix, prefix + LAST).map(toEntry)
  }

  keysOfLease(id: string): readonly string[] {
    return this.statements.keysOfLease.all(id).map(({ key }) => String(key))
  }

  begin(): void {
    this.statements.begin.run()
  }

  write(changes: readonly Change[], revision: number): void {
    const { put, remove, setRevision } = this.statements
    for (const { key, entry } of changes) {
      if (entry === undefined) remove.run(key)
      else put.run(key, entry.value, entry.createRevision, entry.modRevision, entry.leaseId ?? null)
    }
    setRevision.run(revision)
  }

  leaseTtl(id: string): number | undefined {
    const row = this.statements.leaseTtl.get(id)
    return row === undefined ? undefined : Number(row.ttl_ms)
  }

  putLease(id: string, ttlMs: number): void {
    this.statements.putLease.run(id, ttlMs)
  }

  deleteLease(id: string): void {
    this.statements.deleteLease.run(id)
  }

  commit(): void {
    this.statements.commit.run()
  }

  rollback(): void {
    if (this.db.isTransaction) this.statements.rollback.run()
  }

  explain(error: unknown): unknown {
    return isSqliteError(error) ? storeErrorOf(error, this.file) : error
  }

  close(): void {
    this.db.close()
  }
}

function prepareStatements(db: DatabaseSync) {
  const columns = 'key, value, create_revision, mod_revision, lease_id'
  const prepare = (sql: string): StatementSync => db.prepare(sql)
  return {
    read: prepare(`SELECT ${columns} FROM kv WHERE key = ?`),
    list: prepare(`SELECT ${columns} FROM kv WHERE key >= ? AND key < ? ORDER BY key`),
    keysOfLease: prepare('SELECT key FROM kv WHERE lease_id = ? ORDER BY key'),
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    put: prepare(`INSERT OR REPLACE INTO kv (${columns}) VALUES (?, ?, ?, ?, ?)`),
    remove: prepare('DELETE FROM kv WHERE key = ?'),
    setRevision: prepare("UPDATE meta SET value = ? WHERE name = 'revision'"),
    leaseTtl: prepare('SELECT ttl_ms FROM leases WHERE id = ?'),
    putLease: prepare('INSERT OR REPLACE INTO leases (id, ttl_ms) VALUES (?, ?)'),
    deleteLease: prepare('DELETE FROM leases WHERE id = ?'),
  }
}

function toEntry(row: Record<string, unknown>): Entry {
  return {
    key: String(row.key),
    value: String(row.value),
    createRevision: Number(row.create_revision),
    modRevision: Number(row.mod_revision),
    leaseId: row.lease_id === null ? undefined : String(row.lease_id),
  }
}
