import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { JwtFailure } from './jwt-failure.ts'
import type { ParsedToken } from './parsed-token.ts'

/** A public key as a JWKS has it; only what finds it. RFC 7517. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly crv?: string
  readonly [member: string]: unknown
}

/** The keys of one issuer at one time. Immutable; equal text is the same object. */
export interface KeySet {
  readonly text: string
  readonly keys: readonly Jwk[]
}

/** What each algorithm is signed with: of a key of another kind a signature is never taken. RFC 7518 section 3.1, RFC 8037. */
const ALGORITHMS: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
}

/** Signatures by a secret that both sides hold, and none at all, prove nothing here. */
export function isSupportedAlgorithm(alg: string): boolean {
  return Object.hasOwn(ALGORITHMS, alg)
}

/** Private members never leave this function. */
const PRIVATE: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** More keys than any issuer has. */
const MAX_KEYS = 100

/** The error is the end of a sentence about the text. Keys of kinds that prove nothing are left out. */
export function parseKeySet(text: string): Result<KeySet, string> {
  const value = parseJson(text)
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  if (!Array.isArray(keys)) return fail('must be a JWKS: a JSON object with a list named keys')
  if (keys.length > MAX_KEYS) return fail(`must have at most ${MAX_KEYS} keys, it has ${keys.length}`)
  const kinds = new Set(Object.values(ALGORITHMS).map(({ kty }) => kty))
  const usable = keys.filter((key): key is Jwk => isRecord(key) && typeof key.kty === 'string' && kinds.has(key.kty))
  return ok({ text, keys: usable.map(publicPart) })
}

function publicPart(key: Jwk): Jwk {
  return Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE.includes(name))) as Jwk
}

/** Keys that a token may be signed with; at least one. Source: Envoy `jwt_verify_lib/verify.cc`. */
export function keysFor(
  { keys }: KeySet,
  { alg, kid }: Pick<ParsedToken, 'alg' | 'kid'>,
): Result<readonly Jwk[], JwtFailure> {
  const needed = ALGORITHMS[alg]
  if (needed === undefined) return fail('algUnsupported')
  if (keys.length === 0) return fail('noKeys')
  const fitting = keys.filter(
    (key) =>
      key.kty === needed.kty &&
      (needed.crv === undefined || key.crv === needed.crv) &&
      (key.alg === undefined || key.alg === alg) &&
      (key.use === undefined || key.use === 'sig') &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  )
  return fitting.length === 0 ? fail('noMatchingKey') : ok(fitting)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
