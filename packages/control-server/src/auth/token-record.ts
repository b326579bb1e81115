import type { Grant } from './caller.ts'

interface CommonRecord {
  /** Not secret: names it in lists and logs. */
  readonly id: string
  /** SHA-256 of the secret, hex: who reads the store cannot use the token. */
  readonly secretHash: string
  readonly createdAtMs: number
  /** Who made it, as the audit log says it. */
  readonly createdBy: string
  /** Absent: never. */
  readonly expiresAtMs?: number
  /** Absent: it was not. */
  readonly revokedAtMs?: number
}

/** Lets processes join the mesh as one identity. */
export interface JoinTokenRecord extends CommonRecord {
  readonly kind: 'join'
  readonly namespace: string
  readonly serviceAccount: string
  /** Services of the namespace that its holders may register for; absent: all. */
  readonly services?: readonly string[]
  /** CIDR ranges, besides the address that a holder calls from. */
  readonly addresses?: readonly string[]
  /** How many workload ids may join by it; absent: any number. */
  readonly uses?: number
  /** How many have. */
  readonly used: number
}

/** Lets its holder use the API. */
export interface ApiTokenRecord extends CommonRecord, Grant {
  readonly kind: 'api'
}

export type TokenRecord = JoinTokenRecord | ApiTokenRecord

export type TokenState = 'active' | 'used up' | 'expired' | 'revoked'

export function tokenState(record: TokenRecord, wallNow: number): TokenState {
  if (record.revokedAtMs !== undefined) return 'revoked'
  if (record.expiresAtMs !== undefined && wallNow >= record.expiresAtMs) return 'expired'
  return record.kind === 'join' && record.uses !== undefined && record.used >= record.uses ? 'used up' : 'active'
}
