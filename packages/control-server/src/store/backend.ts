import type { Change, Entry } from './store.ts'

/** What a store begins with. */
export interface BackendState {
  readonly epoch: string
  readonly revision: number
  readonly leases: readonly { readonly id: string; readonly ttlMs: number }[]
}

/**
 * Where a {@link StoreEngine} keeps its entries. Synchronous and used by one engine only. Reads see what the open transaction
 * has written.
 */
export interface Backend {
  readonly state: BackendState
  read(key: string): Entry | undefined
  /** In key order. */
  list(prefix: string): readonly Entry[]
  keysOfLease(id: string): readonly string[]
  begin(): void
  write(changes: readonly Change[], revision: number): void
  /** `undefined`: there is no such lease. */
  leaseTtl(id: string): number | undefined
  putLease(id: string, ttlMs: number): void
  deleteLease(id: string): void
  /** When it returns, everything since `begin` is as durable as this backend can make it. */
  commit(): void
  /** Undoes everything since `begin`. */
  rollback(): void
  /** What callers are told of an error of the above: a `StoreError` where what keeps the entries refuses, else the error. */
  explain(error: unknown): unknown
  close(): void
}
