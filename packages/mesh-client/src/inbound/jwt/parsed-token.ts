import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { JwtFailure } from './jwt-failure.ts'

/** A token taken apart; nothing of it is proven. */
export interface ParsedToken {
  readonly text: string
  readonly alg: string
  readonly kid: string | undefined
  /** As it stands in the token, base64url. */
  readonly payload: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly iss: string | undefined
  readonly sub: string | undefined
  readonly audiences: readonly string[]
  /** Seconds since 1970. */
  readonly exp: number | undefined
  readonly nbf: number | undefined
}

/** Node refuses longer heads of requests unless it is told otherwise, and nobody needs such tokens. */
const MAX_TOKEN_LENGTH = 16_384

const BASE64URL = /^[\w-]+$/

/** In the order of Envoy (`jwt_verify_lib/jwt.cc`), so that the first thing wrong is told. */
export function parseToken(text: string): Result<ParsedToken, JwtFailure> {
  if (text.length > MAX_TOKEN_LENGTH) return fail('tooLong')
  const parts = text.split('.')
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) return fail('format')
  if (!BASE64URL.test(head)) return fail('headerBase64')
  const header = objectIn(head)
  if (header === undefined) return fail('headerJson')
  const { alg, kid } = header
  if (typeof alg !== 'string') return fail('alg')
  if (!isOptional(kid, 'string')) return fail('kid')
  if (!BASE64URL.test(payload)) return fail('payloadBase64')
  const claims = objectIn(payload)
  if (claims === undefined) return fail('payloadJson')
  const { iss, sub, exp, nbf, aud = [] } = claims
  if (!isOptional(iss, 'string')) return fail('iss')
  if (!isOptional(sub, 'string')) return fail('sub')
  if (!isOptional(nbf, 'number')) return fail('nbf')
  if (!isOptional(exp, 'number')) return fail('exp')
  const audiences = [aud].flat()
  if (!audiences.every((each) => typeof each === 'string')) return fail('aud')
  if (!BASE64URL.test(signature)) return fail('signatureBase64')
  const known = { iss, sub, exp, nbf } as Pick<ParsedToken, 'iss' | 'sub' | 'exp' | 'nbf'>
  return ok({ text, alg, kid: kid as string | undefined, payload, claims, audiences, ...known })
}

function isOptional(value: unknown, type: 'string' | 'number'): boolean {
  return value === undefined || typeof value === type
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
