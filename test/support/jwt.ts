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
  return { kid, alg, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } }
}

export function jwksOf(...keys: readonly IssuerKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token of these claims; the header says algorithm and key unless it is given. */
export function signedToken(key: IssuerKey, claims: object, header: object = { alg: key.alg, kid: key.kid }): string {
  const text = `${part(header)}.${part(claims)}`
  const hash = key.alg === 'EdDSA' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/** A token signed with a secret. */
export function secretToken(secret: string | Buffer, claims: object, header: object): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A token with that for a signature. */
export function unsignedToken(claims: object, header: object, signature = ''): string {
  return `${part(header)}.${part(claims)}.${signature}`
}
