import path from 'node:path'
import { StoreError } from './store-error.ts'

/** Result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Whether it is SQLite, or what is under it, that refuses. */
export function isSqliteError(error: unknown): boolean {
  return resultCode(error) !== undefined
}

/** Why the database cannot be opened or written, and what to do. */
export function storeErrorOf(error: unknown, file: string): StoreError {
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

export function corrupt(file: string, reason: string, cause?: unknown): StoreError {
  return new StoreError(
    'WEFT_STORE_CORRUPT',
    `${file} is damaged or no database (${reason.replace(/\s+/g, ' ')}): restore it from a backup, or move it away to start empty.`,
    cause,
  )
}

function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}
