import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { followPrefix } from '../store/follow-prefix.ts'
import { CERTIFICATES, certificateKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import type { CredentialSort } from './credential-name.ts'

/** What is remembered of a certificate that was issued, until it ends. */
export interface CertificateRecord {
  /** Hex in lower case. */
  readonly serial: string
  readonly spiffeId: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly workloadId: string
  /** What proved who asked. */
  readonly via: CredentialSort
  /** Its name ({@link credentialName}). */
  readonly credential: string
  /** Of the join token at the beginning, where there was one. */
  readonly tokenId?: string
  /** Milliseconds since 1970. */
  readonly issuedAtMs: number
  readonly endsAtMs: number
}

/** More than these are not remembered; see {@link tooManyOf}. */
const MAX_RECORDS = 100_000

const PERIOD_MS = 60_000

/** As many as are deleted in one commit. */
const CHUNK = 500

export interface CertificateRecordsOptions {
  readonly store: Store
  readonly timers: Timers
  readonly wallNow: () => number
  readonly onError: (error: unknown) => void
  readonly maxRecords?: number
}

/** What was issued and has not ended. Kept in the store; read from memory, which follows it. */
export class CertificateRecords {
  private readonly options: CertificateRecordsOptions
  private readonly records = new Map<string, CertificateRecord>()
  private unwatch: () => void = () => undefined
  private timer: TimerHandle | undefined

  private constructor(options: CertificateRecordsOptions) {
    this.options = options
  }

  static async open(options: CertificateRecordsOptions): Promise<CertificateRecords> {
    const records = new CertificateRecords(options)
    records.unwatch = await followPrefix(options.store, CERTIFICATES, (key, entry) => records.take(key, entry))
    records.schedule()
    return records
  }

  async add(record: CertificateRecord): Promise<void> {
    const value = JSON.stringify(record)
    await this.options.store.commit([], [{ type: 'put', key: certificateKey(record.serial), value }])
  }

  get(serial: string): CertificateRecord | undefined {
    return this.records.get(serial)
  }

  /** In no particular order. */
  all(): Iterable<CertificateRecord> {
    return this.records.values()
  }

  /** When the last of them ends; 0 where there is none. */
  lastEndsMs(): number {
    let last = 0
    for (const { endsAtMs } of this.records.values()) last = Math.max(last, endsAtMs)
    return last
  }

  /** Forgets what has ended, and what is too much. */
  async prune(): Promise<void> {
    const { store, wallNow } = this.options
    const drop = this.tooOld(wallNow())
    for (let from = 0; from < drop.length; from += CHUNK) {
      const operations = drop
        .slice(from, from + CHUNK)
        .map(({ serial }): Operation => ({ type: 'delete', key: certificateKey(serial) }))
      await store.commit([], operations)
    }
  }

  private tooOld(now: number): readonly CertificateRecord[] {
    const { maxRecords = MAX_RECORDS } = this.options
    const all = [...this.records.values()]
    const ended = all.filter(({ endsAtMs }) => endsAtMs <= now)
    if (all.length - ended.length <= maxRecords) return ended
    const good = all.filter(({ endsAtMs }) => endsAtMs > now)
    return [...ended, ...tooManyOf(good, maxRecords)]
  }

  close(): void {
    this.unwatch()
    this.options.timers.clear(this.timer)
  }

  private schedule(): void {
    this.timer = this.options.timers.set(() => {
      this.schedule()
      this.prune().catch(this.options.onError)
    }, PERIOD_MS)
  }

  private take(key: string, entry: Entry | undefined): void {
    const serial = key.slice(CERTIFICATES.length)
    if (entry === undefined) this.records.delete(serial)
    else this.records.set(serial, JSON.parse(entry.value) as CertificateRecord)
  }
}

/**
 * What is dropped so that no more than `max` are left: of the identities that have the most, so that a workload that asks for
 * certificates without end does not have those of others forgotten, and of each of them what ends first.
 */
function tooManyOf(records: readonly CertificateRecord[], max: number): readonly CertificateRecord[] {
  const byIdentity = new Map<string, CertificateRecord[]>()
  for (const record of records) {
    const own = byIdentity.get(record.spiffeId)
    if (own === undefined) byIdentity.set(record.spiffeId, [record])
    else own.push(record)
  }
  const share = shareOf(
    [...byIdentity.values()].map(({ length }) => length).sort((a, b) => a - b),
    max,
  )
  return [...byIdentity.values()].flatMap((own) =>
    own.length <= share ? [] : own.sort((a, b) => a.endsAtMs - b.endsAtMs).slice(0, own.length - share),
  )
}

/** The most that each may keep of what it has, smallest first, so that all together keep no more than `max`. */
function shareOf(counts: readonly number[], max: number): number {
  let left = max
  for (const [index, count] of counts.entries()) {
    const share = Math.floor(left / (counts.length - index))
    if (count > share) return share
    left -= count
  }
  return Number.POSITIVE_INFINITY
}
