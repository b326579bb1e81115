import { formatTimestamp } from '../kernel/timestamp.ts'
import type { Turn } from '../kernel/turn.ts'
import { followPrefix } from '../store/follow-prefix.ts'
import { AUDIT, auditKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import { type AuditChange, type AuditEntry, stateToKeep, withoutStates } from './audit-entry.ts'

/** Entries that are kept, and their characters: the oldest go first, and a few large resources must not fill the disk. */
export const MAX_AUDIT_ENTRIES = 10_000
const MAX_AUDIT_CHARACTERS = 64 * 1024 * 1024

/** Of one answer: more would be held in memory several times while it goes out. */
const MAX_ANSWER_CHARACTERS = 4 * 1024 * 1024

const ENTRIES_PER_TURN = 16

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
  readonly turn: Turn
  /** For tests. Default {@link MAX_AUDIT_ENTRIES}. */
  readonly maxEntries?: number
}

/** Who changed what: kept in the store, each entry in the commit of the change that it tells of. */
export class AuditLog {
  private readonly options: AuditOptions
  /** What is kept, oldest first: key to characters. */
  private readonly kept = new Map<string, number>()
  private characters = 0
  /** Of the next entry. */
  private sequence = 1
  private unwatch: () => void = () => undefined

  static async follow(options: AuditOptions): Promise<AuditLog> {
    const log = new AuditLog(options)
    log.unwatch = await followPrefix(options.store, AUDIT, (key, entry) => log.take(key, entry))
    return log
  }

  private constructor(options: AuditOptions) {
    this.options = options
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

  /** Newest first. What is beyond {@link MAX_ANSWER_CHARACTERS} comes without its states. */
  async list(query: AuditQuery): Promise<readonly AuditEntry[]> {
    const { store, turn } = this.options
    const found: AuditEntry[] = []
    let left = MAX_ANSWER_CHARACTERS
    let read = 0
    for (const key of [...this.kept.keys()].sort().reverse()) {
      if (found.length >= query.limit) break
      // The log may be as large as all else together, and others want to be answered meanwhile.
      if (++read % ENTRIES_PER_TURN === 0) await new Promise<void>((resolve) => turn(resolve))
      const stored = await store.get(key)
      if (stored === undefined) continue
      const entry = entryOf(stored)
      if (!fits(entry, query)) continue
      left -= stored.value.length
      found.push(left >= 0 ? entry : withoutStates(entry))
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

  private take(key: string, entry: Entry | undefined): void {
    this.characters -= this.kept.get(key) ?? 0
    this.kept.delete(key)
    if (entry === undefined) return
    this.kept.set(key, entry.value.length)
    this.characters += entry.value.length
    this.sequence = Math.max(this.sequence, Number(key.slice(AUDIT.length)) + 1)
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
