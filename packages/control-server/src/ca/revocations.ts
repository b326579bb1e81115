import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { followPrefix } from '../store/follow-prefix.ts'
import { REVOCATIONS, revocationKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import type { CertificateRecord, CertificateRecords } from './certificate-records.ts'
import { credentialName } from './credential-name.ts'

/** An identity, whoever holds it, or one certificate with the process that holds it. */
export type Revocation = IdentityRevocation | SerialRevocation

export interface IdentityRevocation extends Revoked {
  readonly kind: 'identity'
}

export interface SerialRevocation extends Revoked {
  readonly kind: 'serial'
  /** Hex in lower case. */
  readonly serial: string
  /** Whose it was: neither this process nor whoever has its certificate is given another. */
  readonly workloadId: string
  /** When it is forgotten. */
  readonly endsAtMs: number
}

interface Revoked {
  readonly namespace: string
  readonly serviceAccount: string
  /** Milliseconds since 1970. */
  readonly revokedAtMs: number
  /** Who did it, for people. */
  readonly by: string
}

/** Who asks for a certificate. */
export interface RevocableSubject {
  readonly namespace: string
  readonly serviceAccount: string
  readonly workloadId?: string
  /** Of the certificate by which it proved who it is, where it did so. */
  readonly serial?: string
}

/** A process is replaced by one with another workload id long before this. */
const KEPT_AFTER_END_MS = 30 * 24 * 3_600_000

/** Every one of them is looked at when a certificate is asked for. */
const MAX_REVOCATIONS = 10_000

const PERIOD_MS = 600_000

/** What is told of each revocation to whoever keeps account of changes. */
export interface RevocationChange {
  readonly principal: string
  readonly verb: 'revoke' | 'restore'
  readonly resource: { readonly kind: string; readonly namespace: string; readonly name: string }
  /** What was taken back by a restoration. */
  readonly before?: Revocation
  readonly after?: Revocation
}

export interface RevocationsOptions {
  readonly store: Store
  readonly records: CertificateRecords
  readonly timers: Timers
  readonly wallNow: () => number
  readonly onError: (error: unknown) => void
  /** What has to be in the commit of these changes. */
  readonly record: (changes: readonly RevocationChange[]) => readonly Operation[]
}

/**
 * Who gets no certificate any more. What a certificate has proven until then it proves until it ends: there is no list that
 * peers ask.
 */
export class Revocations {
  private readonly options: RevocationsOptions
  private readonly byKey = new Map<string, Revocation>()
  /** Keys of those of one process. */
  private readonly byProcess = new Map<string, Set<string>>()
  private unwatch: () => void = () => undefined
  private timer: TimerHandle | undefined

  private constructor(options: RevocationsOptions) {
    this.options = options
  }

  static async open(options: RevocationsOptions): Promise<Revocations> {
    const revocations = new Revocations(options)
    revocations.unwatch = await followPrefix(options.store, REVOCATIONS, (key, entry) => revocations.take(key, entry))
    revocations.schedule()
    return revocations
  }

  all(): Iterable<Revocation> {
    return this.byKey.values()
  }

  /** Why this one gets no certificate; `undefined`: nothing is against it. */
  find({ namespace, serviceAccount, workloadId, serial }: RevocableSubject): Revocation | undefined {
    return (
      this.byKey.get(revocationKey('identity', `${namespace}/${serviceAccount}`)) ??
      (serial === undefined ? undefined : this.byKey.get(revocationKey('serial', serial))) ??
      (workloadId === undefined ? undefined : this.ofProcess({ namespace, serviceAccount, workloadId }))
    )
  }

  private ofProcess(of: Process): Revocation | undefined {
    const [key] = this.byProcess.get(processOf(of)) ?? []
    return key === undefined ? undefined : this.byKey.get(key)
  }

  async revokeIdentity(namespace: string, serviceAccount: string, by: string): Promise<Result<Revocation, string>> {
    const revokedAtMs = this.options.wallNow()
    return this.add([{ kind: 'identity', namespace, serviceAccount, revokedAtMs, by }])
  }

  /** Also what was issued on the strength of it: whoever stole it may have renewed it. `undefined`: there is no such certificate. */
  async revokeSerial(serial: string, by: string): Promise<Result<Revocation, string> | undefined> {
    const { records, wallNow } = this.options
    const record = records.get(serial)
    if (record === undefined) return undefined
    const revokedAtMs = wallNow()
    const revoke = ({ endsAtMs, ...of }: CertificateRecord): SerialRevocation => ({
      kind: 'serial',
      serial: of.serial,
      namespace: of.namespace,
      serviceAccount: of.serviceAccount,
      workloadId: of.workloadId,
      revokedAtMs,
      endsAtMs: endsAtMs + KEPT_AFTER_END_MS,
      by,
    })
    return this.add([revoke(record), ...descendantsOf(serial, records).map(revoke)])
  }

  /** False: it was not revoked. */
  async restoreIdentity(namespace: string, serviceAccount: string, by: string): Promise<boolean> {
    const key = revocationKey('identity', `${namespace}/${serviceAccount}`)
    const revocation = this.byKey.get(key)
    if (revocation === undefined) return false
    const { store, record } = this.options
    await store.commit([], [{ type: 'delete', key }, ...record([changeOf(revocation, 'restore', by)])])
    return true
  }

  async prune(): Promise<void> {
    const now = this.options.wallNow()
    const ended = [...this.byKey].filter(([, revocation]) => revocation.kind === 'serial' && revocation.endsAtMs <= now)
    if (ended.length === 0) return
    await this.options.store.commit(
      [],
      ended.map(([key]) => ({ type: 'delete', key })),
    )
  }

  close(): void {
    this.unwatch()
    this.options.timers.clear(this.timer)
  }

  /** Answers with the first; those that stand already stay as they are. */
  private async add(revocations: readonly [Revocation, ...Revocation[]]): Promise<Result<Revocation, string>> {
    const fresh = revocations.filter((revocation) => !this.byKey.has(keyOf(revocation)))
    if (this.byKey.size + fresh.length > MAX_REVOCATIONS) {
      return fail(
        `There are ${this.byKey.size} revocations, and ${MAX_REVOCATIONS} at most: restore what need not be revoked.`,
      )
    }
    if (fresh.length > 0) {
      const { store, record } = this.options
      await store.commit(
        [],
        [
          ...fresh.map(
            (revocation): Operation => ({ type: 'put', key: keyOf(revocation), value: JSON.stringify(revocation) }),
          ),
          ...record(fresh.map((revocation) => changeOf(revocation, 'revoke', revocation.by))),
        ],
      )
    }
    return ok(this.byKey.get(keyOf(revocations[0])) ?? revocations[0])
  }

  private schedule(): void {
    this.timer = this.options.timers.set(() => {
      this.schedule()
      this.prune().catch(this.options.onError)
    }, PERIOD_MS)
  }

  private take(key: string, entry: Entry | undefined): void {
    const before = this.byKey.get(key)
    if (before?.kind === 'serial') this.leaveProcess(processOf(before), key)
    this.byKey.delete(key)
    if (entry === undefined) return
    const revocation = JSON.parse(entry.value) as Revocation
    this.byKey.set(key, revocation)
    if (revocation.kind === 'serial') this.joinProcess(processOf(revocation), key)
  }

  private joinProcess(process: string, key: string): void {
    this.byProcess.set(process, (this.byProcess.get(process) ?? new Set()).add(key))
  }

  private leaveProcess(process: string, key: string): void {
    const keys = this.byProcess.get(process)
    keys?.delete(key)
    if (keys?.size === 0) this.byProcess.delete(process)
  }
}

type Process = Required<Omit<RevocableSubject, 'serial'>>

function keyOf(revocation: Revocation): string {
  return revocation.kind === 'serial'
    ? revocationKey('serial', revocation.serial)
    : revocationKey('identity', `${revocation.namespace}/${revocation.serviceAccount}`)
}

function changeOf(revocation: Revocation, verb: RevocationChange['verb'], principal: string): RevocationChange {
  const { namespace, serviceAccount } = revocation
  const [kind, name] = revocation.kind === 'serial' ? ['Certificate', revocation.serial] : ['Identity', serviceAccount]
  const state = verb === 'revoke' ? { after: revocation } : { before: revocation }
  return { principal, verb, resource: { kind, namespace, name }, ...state }
}

function processOf({ namespace, serviceAccount, workloadId }: Process): string {
  return `${namespace}/${serviceAccount}/${workloadId}`
}

/** What was issued to whoever showed this certificate, and to whoever showed those. */
function descendantsOf(serial: string, records: CertificateRecords): readonly CertificateRecord[] {
  const children = new Map<string, CertificateRecord[]>()
  for (const record of records.all()) {
    const siblings = children.get(record.credential)
    if (siblings === undefined) children.set(record.credential, [record])
    else siblings.push(record)
  }
  const found: CertificateRecord[] = []
  for (let level = [serial]; level.length > 0; ) {
    const next = level.flatMap((parent) => children.get(credentialName('certificate', parent)) ?? [])
    found.push(...next)
    level = next.map((record) => record.serial)
  }
  return found
}
