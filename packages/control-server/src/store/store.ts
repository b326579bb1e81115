/** One key with its value, as it stood at some revision. */
export interface Entry {
  readonly key: string
  /** JSON text. */
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  /** The lease that keeps it alive, if any. */
  readonly leaseId: string | undefined
}

/** A condition of a commit: the key's modification revision, 0 meaning that it must not exist. */
export interface Compare {
  readonly key: string
  readonly modRevision: number
}

export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: string; readonly leaseId?: string }
  | { readonly type: 'delete'; readonly key: string }

export type CommitResult =
  | { readonly ok: true; readonly revision: number }
  /** Nothing was written. */
  | { readonly ok: false; readonly conflicts: readonly Compare[] }

/** What one commit changed; `entry` is absent where the key was deleted. */
export interface Change {
  readonly key: string
  readonly entry: Entry | undefined
  readonly previous: Entry | undefined
}

export interface ChangeBatch {
  readonly revision: number
  readonly changes: readonly Change[]
}

/**
 * Where configuration and registrations are kept. Shaped after etcd v3 so that an etcd cluster can stand behind it:
 * one revision counter, compare-and-swap over several keys, watch from a revision, leases.
 *
 * A commit that was acknowledged is on disk. Deleting a key that does not exist and putting the value that a key has
 * (under the same lease) changes nothing and bumps no revision. Keys are printable ASCII. Everything throws `StoreError`.
 */
export interface Store {
  /** Identifies the data; another data directory has another epoch. */
  readonly epoch: string
  revision(): Promise<number>
  get(key: string): Promise<Entry | undefined>
  /** Every key that starts with `prefix`, in key order, all of one revision. */
  list(prefix: string): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>
  /**
   * All or nothing; the operations of one commit share one revision. When it resolves, the watchers in this process have
   * been told.
   */
  commit(compares: readonly Compare[], operations: readonly Operation[]): Promise<CommitResult>
  /**
   * Every batch after `revision`, in order, without a gap, until the returned function is called. Throws where the batches
   * after `revision` are no longer known: list again, and watch from there.
   */
  watch(revision: number, listener: (batch: ChangeBatch) => void): () => void

  /** Creates or renews a lease; its keys are deleted in one commit when it is not renewed for `ttlMs`. Bumps no revision. */
  grantLease(id: string, ttlMs: number): Promise<void>
  /** False: there is no such lease (any more). */
  keepAlive(id: string): Promise<boolean>
  /** Ends a lease and deletes its keys. */
  revokeLease(id: string): Promise<void>
  close(): Promise<void>
}
