import { type CredentialParts, formatCredential } from '@weft/mesh-protocol'
import { followPrefix } from '../store/follow-prefix.ts'
import { TOKENS, tokenKey, tokenUseKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import type { AuditChange } from './audit-entry.ts'
import { type ApiTokenRecord, type JoinTokenRecord, type TokenRecord, tokenState } from './token-record.ts'
import { hashSecret, isSecret, makeSecret } from './token-secret.ts'
import { DEFAULT_API_TOKEN_TTL_MS, DEFAULT_JOIN_TOKEN_TTL_MS, type TokenSpec } from './token-spec.ts'

/** What a token is good for once more: revoked, or expired and never used, it is forgotten after this. */
const RETENTION_MS = 30 * 24 * 3_600_000

const USES_PER_COMMIT = 500

/** Tokens are kept in memory. */
const MAX_TOKENS = 10_000

/** Another writer came in between; more often in a row than this is no accident. */
const MAX_ROUNDS = 100

export interface TokensOptions {
  readonly store: Store
  readonly wallNow: () => number
  /** SHA-256 of the root that the holder of a new token may trust, hex; `undefined`: it is given none. */
  readonly caFingerprint: () => Promise<string | undefined>
  /** What has to be in the commit of a change, so that it is known who made it. */
  readonly audit: (changes: readonly AuditChange[]) => readonly Operation[]
}

export interface CreatedToken {
  readonly record: TokenRecord
  /** Said once, and kept nowhere. */
  readonly token: string
}

/** The store refuses more. */
export class TooManyTokensError extends Error {
  override readonly name = 'TooManyTokensError'
}

/** Bearer tokens: made, looked up, counted, revoked. Held in memory as they stand in the store. */
export class Tokens {
  private readonly options: TokensOptions
  private readonly records = new Map<string, TokenRecord>()
  private readonly listeners = new Set<(id: string) => void>()
  private unwatch: () => void = () => undefined

  static async follow(options: TokensOptions): Promise<Tokens> {
    const tokens = new Tokens(options)
    tokens.unwatch = await followPrefix(options.store, TOKENS, (key, entry) => tokens.take(idOf(key), entry))
    return tokens
  }

  private constructor(options: TokensOptions) {
    this.options = options
  }

  get(id: string): TokenRecord | undefined {
    return this.records.get(id)
  }

  /** Newest first. */
  list(): readonly TokenRecord[] {
    return [...this.records.values()].sort((a, b) => b.createdAtMs - a.createdAtMs)
  }

  /** The record of a token that is what it says; whether it is still good is another question. */
  verify({ id, kind, secret }: CredentialParts): TokenRecord | undefined {
    const record = this.records.get(id)
    const isRight = isSecret(secret, record?.secretHash ?? NOBODYS_HASH)
    return isRight && record?.kind === kind ? record : undefined
  }

  /** The same token with the root that its holder may trust now; `undefined`: it names that already, or there is none. */
  async pinned(parts: CredentialParts): Promise<string | undefined> {
    const caFingerprint = await this.options.caFingerprint()
    if (caFingerprint === undefined || caFingerprint === parts.caFingerprint) return undefined
    return formatCredential({ ...parts, caFingerprint })
  }

  /** Throws {@link TooManyTokensError}. */
  async create(spec: TokenSpec, createdBy: string, options: { readonly expires?: false } = {}): Promise<CreatedToken> {
    const { store, wallNow, audit, caFingerprint } = this.options
    const forgotten = this.forgettable()
    if (this.records.size - forgotten.length >= MAX_TOKENS) {
      throw new TooManyTokensError(`There are ${MAX_TOKENS} tokens already: revoke some.`)
    }
    const { id, secret } = makeSecret()
    const made = { id, secretHash: hashSecret(secret), createdAtMs: wallNow(), createdBy }
    const record = recordOf(spec, made, options.expires !== false)
    const fingerprint = await caFingerprint()
    await store.commit(
      [],
      [
        { type: 'put', key: tokenKey(id), value: JSON.stringify(record) },
        ...forgotten.map((gone): Operation => ({ type: 'delete', key: tokenKey(gone.id) })),
        ...audit([{ principal: createdBy, verb: 'create', resource: audited(record), after: tokenView(record) }]),
      ],
    )
    const caPart = fingerprint === undefined ? {} : { caFingerprint: fingerprint }
    return { record, token: formatCredential({ kind: record.kind, id, secret, ...caPart }) }
  }

  /** `undefined`: there is no such token. Revoking it again changes nothing. */
  async revoke(id: string, revokedBy: string): Promise<TokenRecord | undefined> {
    const { store, wallNow, audit } = this.options
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entry = await store.get(tokenKey(id))
      if (entry === undefined) return undefined
      const before = JSON.parse(entry.value) as TokenRecord
      if (before.revokedAtMs !== undefined) return before
      const after = { ...before, revokedAtMs: wallNow() }
      const change = { before: tokenView(before), after: tokenView(after), resource: audited(before) }
      const result = await store.commit(
        [{ key: entry.key, modRevision: entry.modRevision }],
        [
          { type: 'put', key: entry.key, value: JSON.stringify(after) },
          ...audit([{ principal: revokedBy, verb: 'revoke', ...change }]),
        ],
      )
      if (!result.ok) continue
      // They say nothing any more, so that it does no harm where some stay.
      await this.forgetUses(id).catch(() => undefined)
      return after
    }
    throw tooBusy(id)
  }

  /** Whether this workload id has joined by the token, which is not revoked. */
  async hasJoined(id: string, workloadId: string): Promise<boolean> {
    if (this.records.get(id)?.revokedAtMs !== undefined) return false
    return (await this.options.store.get(tokenUseKey(id, workloadId))) !== undefined
  }

  /** In steps: a token that was stolen may have been used a million times, and others want to be served meanwhile. */
  private async forgetUses(id: string): Promise<void> {
    const { store } = this.options
    const keys = (await store.list(tokenUseKey(id))).entries.map(({ key }) => key)
    for (let from = 0; from < keys.length; from += USES_PER_COMMIT) {
      const some = keys.slice(from, from + USES_PER_COMMIT)
      await store.commit(
        [],
        some.map((key): Operation => ({ type: 'delete', key })),
      )
    }
  }

  /** Counts a workload id that joins, once. False: the token is not active (any more). */
  async join(id: string, workloadId: string): Promise<boolean> {
    const { store, wallNow } = this.options
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entry = await store.get(tokenKey(id))
      if (entry === undefined) return false
      const record = JSON.parse(entry.value) as TokenRecord
      if (record.kind !== 'join' || record.revokedAtMs !== undefined) return false
      if (await this.hasJoined(id, workloadId)) return true
      if (tokenState(record, wallNow()) !== 'active') return false
      const used: JoinTokenRecord = { ...record, used: record.used + 1 }
      const result = await store.commit(
        [{ key: entry.key, modRevision: entry.modRevision }],
        [
          { type: 'put', key: entry.key, value: JSON.stringify(used) },
          { type: 'put', key: tokenUseKey(id, workloadId), value: JSON.stringify({ joinedAtMs: wallNow() }) },
        ],
      )
      if (result.ok) return true
    }
    throw tooBusy(id)
  }

  /** Told the id of each token that is revoked or forgotten. Returns what ends it. */
  onRevoked(listener: (id: string) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): void {
    this.listeners.clear()
    this.unwatch()
  }

  private take(id: string, entry: Entry | undefined): void {
    const record = entry && (JSON.parse(entry.value) as TokenRecord)
    if (record === undefined) this.records.delete(id)
    else this.records.set(id, record)
    if (record !== undefined && record.revokedAtMs === undefined) return
    for (const listener of this.listeners) listener(id)
  }

  /** A token that workloads renew by stays until it is revoked. */
  private forgettable(): readonly TokenRecord[] {
    const before = this.options.wallNow() - RETENTION_MS
    return [...this.records.values()].filter((record) => {
      if (record.revokedAtMs !== undefined) return record.revokedAtMs < before
      const isUnused = record.kind === 'api' || record.used === 0
      return isUnused && (record.expiresAtMs ?? Number.POSITIVE_INFINITY) < before
    })
  }
}

/** No secret has it; compared with where there is no such token, so that the time does not tell. */
const NOBODYS_HASH = '0'.repeat(64)

function recordOf(
  spec: TokenSpec,
  made: Pick<TokenRecord, 'id' | 'secretHash' | 'createdAtMs' | 'createdBy'>,
  expires: boolean,
): TokenRecord {
  const { ttlMs, ...said } = spec
  const defaultTtlMs = 'role' in spec ? DEFAULT_API_TOKEN_TTL_MS : DEFAULT_JOIN_TOKEN_TTL_MS
  const common = { ...made, ...(expires ? { expiresAtMs: made.createdAtMs + (ttlMs ?? defaultTtlMs) } : {}) }
  return 'role' in said
    ? ({ kind: 'api', ...common, ...said } satisfies ApiTokenRecord)
    : ({ kind: 'join', ...common, ...said, used: 0 } satisfies JoinTokenRecord)
}

/** A token without what nobody may see. */
export function tokenView({ secretHash: _, ...record }: TokenRecord): Omit<TokenRecord, 'secretHash'> {
  return record
}

function audited(record: TokenRecord): AuditChange['resource'] {
  return {
    kind: 'Token',
    name: record.id,
    ...(record.kind === 'join' ? { namespace: record.namespace } : {}),
  }
}

const idOf = (key: string): string => key.slice(TOKENS.length)

function tooBusy(id: string): Error {
  return new Error(`the token ${id} was changed by others ${MAX_ROUNDS} times while it was being written`)
}
