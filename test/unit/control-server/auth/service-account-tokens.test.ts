import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServiceAccountTokens } from '../../../../packages/control-server/src/auth/service-account-tokens.ts'
import { silentLogger } from '../../../../packages/control-server/src/kernel/logger.ts'
import { tempFolder } from '../../../support/control-stores.ts'
import { encodePart, publicJwk, secretToken, signJwt, unsignedToken } from '../../../support/jwt.ts'

const ISSUER = 'https://kubernetes.default.svc'
const NOW = Date.UTC(2026, 5, 1)
const NOW_S = NOW / 1_000

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string

const folder = tempFolder()
const jwksFile = path.join(folder.path, 'jwks.json')
let tokens: ServiceAccountTokens
/** Time that has gone by since {@link NOW}. */
let passedMs = 0
beforeAll(() => {
  const keys = [publicJwk(rsa.publicKey, 'rsa'), publicJwk(ec.publicKey, 'ec')]
  writeFileSync(jwksFile, JSON.stringify({ keys }))
  tokens = new ServiceAccountTokens(
    { issuer: ISSUER, jwksFile },
    {
      clock: { now: () => passedMs, wallNow: () => NOW + passedMs },
      logger: silentLogger,
      fetch: () => Promise.reject(new Error('no')),
    },
  )
})
afterAll(() => folder.remove())

const CLAIMS = {
  iss: ISSUER,
  aud: ['weft'],
  sub: 'system:serviceaccount:default:reviews',
  exp: NOW_S + 3_600,
  'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'reviews', uid: '1' } },
}

const signed = (claims: object = {}, header: object = {}, key = rsa.privateKey): string =>
  signJwt({ alg: 'RS256', kid: 'rsa', ...header }, { ...CLAIMS, ...claims }, key)

describe('a service-account token', () => {
  const account = { ok: true, value: { namespace: 'default', serviceAccount: 'reviews' } }

  test.each<[string, () => string]>([
    ['of the cluster', () => signed()],
    ['by another of its keys', () => signed({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey)],
    ['without the claim kubernetes.io', () => signed({ 'kubernetes.io': undefined })],
    ['that has expired within the tolerance of clocks', () => signed({ exp: NOW_S - 30 })],
  ])('%s names its account', async (_, make) => {
    expect(await tokens.verify(make())).toEqual(account)
  })

  const hs256 = (secret: string, header: object = {}): string =>
    secretToken(secret, CLAIMS, { alg: 'HS256', kid: 'rsa', ...header })

  test.each<[string, () => string, string]>([
    ['signed by somebody else', () => signed({}, {}, stranger.privateKey), 'signature'],
    ['of a key that is not there', () => signed({}, { kid: 'other' }, stranger.privateKey), 'signature'],
    ['with alg none', () => unsignedToken(CLAIMS, { alg: 'none' }), 'algorithm'],
    ['with alg None', () => unsignedToken(CLAIMS, { alg: 'None', kid: 'rsa' }), 'algorithm'],
    ['with the public key as a shared secret', () => hs256(publicPem), 'algorithm'],
    ['with an empty shared secret', () => hs256(''), 'algorithm'],
    ['with its own key in the header', () => hs256('x', { jwk: { kty: 'oct', k: 'eA' } }), 'algorithm'],
    ['with a key elsewhere in the header', () => signed({}, { jku: 'https://evil.example' }, stranger.privateKey), ''],
    ['with an extension that is critical', () => signed({}, { crit: ['exp'], exp: 1 }), ''],
    [
      'whose claims were changed',
      () => {
        const [header, , signature] = signed().split('.')
        return `${header}.${encodePart({ ...CLAIMS, sub: 'system:serviceaccount:default:admin' })}.${signature}`
      },
      'signature',
    ],
    ['whose signature is missing', () => signed().replace(/\.[^.]*$/, '.'), ''],
    ['that has expired', () => signed({ exp: NOW_S - 61 }), 'expired'],
    ['that does not expire', () => signed({ exp: undefined }), '"exp"'],
    ['that is not good yet', () => signed({ nbf: NOW_S + 3_600 }), '"nbf"'],
    ['for somebody else', () => signed({ aud: ['https://kubernetes.default.svc'] }), '"aud"'],
    ['for nobody', () => signed({ aud: undefined }), '"aud"'],
    ['of another issuer', () => signed({ iss: 'https://other' }), '"iss"'],
    ['of a person', () => signed({ sub: 'kubernetes-admin' }), 'service account'],
    [
      'of a subject with more parts',
      () => signed({ sub: 'system:serviceaccount:default:reviews:x' }),
      'service account',
    ],
    ['of a subject that is no name', () => signed({ sub: 'system:serviceaccount:default:../x' }), 'service account'],
    ['whose claims disagree', () => signed({ sub: 'system:serviceaccount:default:admin' }), 'service account'],
    ['that is nonsense', () => 'a.b.c', 'signature'],
  ])('%s is refused', async (_, make, said) => {
    const result = await tokens.verify(make())
    expect(result).toMatchObject({ ok: false, error: { code: 401, message: expect.stringContaining(said) } })
  })

  test.each<[string, () => string, true | undefined]>([
    ['expired long ago', () => signed({ exp: NOW_S - 86_400 }), true],
    ['is for somebody else', () => signed({ aud: ['other'] }), true],
    ['is nonsense', () => 'a.b.c', undefined],
    ['has another signature', () => signed().replace(/\.[^.]*$/, '.AAAA'), undefined],
  ])('that %s counts as a guess only if the cluster has not signed it', async (_, make, isKnown) => {
    const result = await tokens.verify(make())
    expect(result.ok ? undefined : result.error.isKnown).toBe(isKnown)
  })
})

test('a token that was checked is not good for longer than it says', async () => {
  const token = signed({ exp: NOW_S + 30 })
  expect((await tokens.verify(token)).ok).toBe(true)
  passedMs = 29_000
  expect((await tokens.verify(token)).ok).toBe(true)
  passedMs = 91_000
  expect((await tokens.verify(token)).ok).toBe(false)
  passedMs = 0
})

test('one that differs in a character is another', async () => {
  const token = signed()
  expect((await tokens.verify(token)).ok).toBe(true)
  const last = token.at(-5) === 'A' ? 'B' : 'A'
  expect((await tokens.verify(`${token.slice(0, -5)}${last}${token.slice(-4)}`)).ok).toBe(false)
})
