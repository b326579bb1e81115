import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** An issuer's key with what it publishes. */
export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

const KINDS: Readonly<Record<string, () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

export function issuerKey(kid: string, alg: 'RS256' | 'ES256' | 'EdDSA' = 'ES256'): IssuerKey {
  const { privateKey, publicKey } = (KINDS[alg] as (typeof KINDS)[string])()
  return { kid, alg, privateKey, publicKey, jwk: { ...publicJwk(publicKey, kid), alg, use: 'sig' } }
}

/** The public part of a key, as a JWKS has it. */
export const publicJwk = (key: KeyObject, kid: string): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  kid,
})

export function jwksOf(...keys: readonly IssuerKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that says this, signed by a key of whatever kind. */
export function signJwt(header: object, claims: object, key: KeyObject): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return `${text}.${sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** A token of an issuer; the header says algorithm and key unless it is given. */
export function signedToken(
  { alg, kid, privateKey }: IssuerKey,
  claims: object,
  header: object = { alg, kid },
): string {
  return signJwt(header, claims, privateKey)
}

/** A token signed with a secret. */
export function secretToken(secret: string | Buffer, claims: object, header: object): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A token with that for a signature. */
export function unsignedToken(claims: object, header: object, signature = ''): string {
  return `${encodePart(header)}.${encodePart(claims)}.${signature}`
}
