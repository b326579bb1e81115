import { createHmac, type KeyObject, sign } from 'node:crypto'

export const encodePart = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A JWT signed as its header says (RS256, ES256), by whatever key is given. */
export function signJwt(
  header: { readonly alg: string; readonly [name: string]: unknown },
  claims: object,
  key: KeyObject,
): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  const signature = sign('sha256', Buffer.from(text), header.alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key)
  return `${text}.${signature.toString('base64url')}`
}

/** A JWT signed with a shared secret. */
export function hmacJwt(header: object, claims: object, secret: string): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export const publicJwk = (key: KeyObject, kid: string): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  kid,
})
