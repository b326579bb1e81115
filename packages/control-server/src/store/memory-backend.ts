import type { Backend, BackendState } from './backend.ts'
import type { Change, Entry } from './store.ts'

/** Keeps everything in maps and nothing beyond the life of the process. */
export class MemoryBackend implements Backend {
  readonly state: BackendState
  private entries = new Map<string, Entry>()
  private leases = new Map<string, number>()

  constructor(epoch: string) {
    this.state = { epoch, revision: 0, leases: [] }
  }

  read(key: string): Entry | undefined {
    return this.entries.get(key)
  }

  list(prefix: string): readonly Entry[] {
    const found = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix))
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  keysOfLease(id: string): readonly string[] {
    return [...this.entries.values()].filter(({ leaseId }) => leaseId === id).map(({ key }) => key)
  }

  // Writing to maps cannot fail half-way, so that there is never anything to undo.
  begin(): void {}

  write(changes: readonly Change[]): void {
    for (const { key, entry } of changes) {
      if (entry === undefined) this.entries.delete(key)
      else this.entries.set(key, entry)
    }
  }

  leaseTtl(id: string): number | undefined {
    return this.leases.get(id)
  }

  putLease(id: string, ttlMs: number): void {
    this.leases.set(id, ttlMs)
  }

  deleteLease(id: string): void {
    this.leases.delete(id)
  }

  commit(): void {}

  rollback(): void {}

  explain(error: unknown): unknown {
    return error
  }

  close(): void {}
}
