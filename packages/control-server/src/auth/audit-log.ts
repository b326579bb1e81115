import { formatTimestamp } from '../kernel/timestamp.ts'
import { AUDIT, auditKey } from '../store/keys.ts'
import type { ChangeBatch, Entry, Operation, Store } from '../store/store.ts'
import { type AuditChange, type AuditEntry, stateToKeep } from './audit-entry.ts'

/** Entries that are kept, and their characters: the oldest go first, and a few large resources must not fill the disk. */
export const MAX_AUDIT_ENTRIES = 10_000
const MAX_AUDIT_CHARACTERS = 64 * 1024 * 1024

export interface AuditQuery {
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly principal?: string
  /** The newest so many. */
  readonly limit: number
}

export interface AuditOptions {
  readonly store: Store
  readonly wallNow: () => number
  /** For tests. Default {@link MAX_AUDIT_ENTRIES}. */
  readonly maxEntries?: number
}

/** Who changed what: kept in the store, each entry in the commit of the change that it tells of. */
export class AuditLog {
  private readonly options: AuditOptions
  /** What is kept, oldest first: key to characters. */
  private readonly kept = new Map<string, number>()
  private characters = 0
  private sequence = 0
  private readonly unwatch: () => void

  static async follow(options: AuditOptions): Promise<AuditLog> {
    const { revision, entries } = await options.store.list(AUDIT)
    return new AuditLog(options, revision, entries)
  }

  private constructor(options: AuditOptions, revision: number, entries: readonly Entry[]) {
    this.options = options
    for (const entry of entries) this.add(entry)
    this.sequence = Number((entries.at(-1)?.key ?? '').slice(AUDIT.length)) + 1
    this.unwatch = options.store.watch(revision, (batch) => this.take(batch))
  }

  /** What has to be in the commit of these changes. */
  operations(changes: readonly AuditChange[]): readonly Operation[] {
    const at = formatTimestamp(this.options.wallNow())
    const puts = changes.map(({ before, after, ...change }): Operation => {
      const states = {
        ...(before === undefined ? {} : { before: stateToKeep(before) }),
        ...(after === undefined ? {} : { after: stateToKeep(after) }),
      }
      return { type: 'put', key: auditKey(this.sequence++), value: JSON.stringify({ at, ...change, ...states }) }
    })
    return [...puts, ...this.overdue(puts)]
  }

  /** Of a change that is made elsewhere than in the store. */
  async write(change: AuditChange): Promise<void> {
    await this.options.store.commit([], this.operations([change]))
  }

  /** Newest first. */
  async list(query: AuditQuery): Promise<readonly AuditEntry[]> {
    const { entries } = await this.options.store.list(AUDIT)
    const found: AuditEntry[] = []
    for (let index = entries.length - 1; index >= 0 && found.length < query.limit; index--) {
      const entry = entryOf(entries[index] as Entry)
      if (fits(entry, query)) found.push(entry)
    }
    return found
  }

  close(): void {
    this.unwatch()
  }

  private overdue(puts: readonly Operation[]): Operation[] {
    const { maxEntries = MAX_AUDIT_ENTRIES } = this.options
    let entries = this.kept.size + puts.length
    let characters = this.characters
    for (const put of puts) characters += put.type === 'put' ? put.value.length : 0
    const deletes: Operation[] = []
    for (const [key, size] of this.kept) {
      if (entries <= maxEntries && characters <= MAX_AUDIT_CHARACTERS) break
      deletes.push({ type: 'delete', key })
      entries--
      characters -= size
    }
    return deletes
  }

  private take({ changes }: ChangeBatch): void {
    for (const { key, entry } of changes) {
      if (!key.startsWith(AUDIT)) continue
      if (entry === undefined) this.remove(key)
      else this.add(entry)
    }
  }

  private add({ key, value }: Entry): void {
    this.remove(key)
    this.kept.set(key, value.length)
    this.characters += value.length
  }

  private remove(key: string): void {
    this.characters -= this.kept.get(key) ?? 0
    this.kept.delete(key)
  }
}

function entryOf({ value, createRevision }: Entry): AuditEntry {
  return { revision: createRevision, ...(JSON.parse(value) as Omit<AuditEntry, 'revision'>) }
}

function fits({ resource, principal }: AuditEntry, query: AuditQuery): boolean {
  return (
    (query.kind === undefined || query.kind.toLowerCase() === resource.kind.toLowerCase()) &&
    (query.name === undefined || query.name === resource.name) &&
    (query.namespace === undefined || query.namespace === resource.namespace) &&
    (query.principal === undefined || query.principal === principal)
  )
}
