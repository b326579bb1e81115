import { isRecord } from '../record.ts'
import { quote } from './hosts.ts'

/** What a key of each sort has to have (RFC 7518 section 6, RFC 8037). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  oct: ['k'],
}

/** What is wrong with a JWKS, as text; `undefined`: nothing. A single key stands for a set of one (Go `jwk.Parse`). */
export function jwksProblem(text: string): string | undefined {
  const keys = keysOf(text)
  if (keys === undefined) return 'must be a JSON Web Key Set: {"keys": [...]}, as JSON text'
  for (const [index, key] of keys.entries()) {
    const { kty } = isRecord(key) ? key : {}
    const members = typeof kty === 'string' && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined
    if (members === undefined) return `key ${index}: kty must be one of ${Object.keys(MEMBERS).join(', ')}`
    const missing = members.find((name) => typeof (key as Readonly<Record<string, unknown>>)[name] !== 'string')
    if (missing !== undefined) return `key ${index}: ${quote(missing)} is required`
  }
  return undefined
}

/** Which keys hold what is to be kept from others; only public keys are needed to prove a token. */
export function privateKeys(text: string): readonly number[] {
  return (keysOf(text) ?? []).flatMap((key, index) =>
    isRecord(key) && (key.d !== undefined || key.kty === 'oct') ? [index] : [],
  )
}

function keysOf(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value)) return undefined
    if (Array.isArray(value.keys)) return value.keys
    return value.keys === undefined && value.kty !== undefined ? [value] : undefined
  } catch {
    return undefined
  }
}
