import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { INBOUND_POLICY_NAME, type InboundPolicy } from '@weft/mesh-protocol'
import type { InboundExchange } from '../../packages/mesh-client/src/inbound/exchange.ts'
import { compileInboundRules } from '../../packages/mesh-client/src/inbound/inbound-rules.ts'
import { authenticate } from '../../packages/mesh-client/src/inbound/jwt/authenticate.ts'
import type { Authentication } from '../../packages/mesh-client/src/inbound/jwt/compile-jwt-rules.ts'
import { KeyStore } from '../../packages/mesh-client/src/inbound/jwt/key-store.ts'
import { TokenVerifier } from '../../packages/mesh-client/src/inbound/jwt/token-verifier.ts'
import { joinedHeader } from '../../packages/mesh-client/src/inbound/whole-header.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'

const ISSUER = 'https://issuer.test'
/** Different tokens; as many are remembered. */
const TOKENS = 500

const KINDS = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
} as const

type Algorithm = keyof typeof KINDS

/** Ascending nanoseconds that the tokens of requests cost, by what there is to do. */
export async function timeTokens(requests: number): Promise<Readonly<Record<string, Float64Array>>> {
  const known = scene('RS256')
  await known.proveAll(known.requests)
  return {
    'a token that was proven before': await known.proveAll(
      Array.from({ length: requests }, (_, at) => known.requests[at % TOKENS] as InboundExchange),
    ),
    'a new token, ES256': await fresh('ES256'),
    'a new token, RS256': await fresh('RS256'),
  }
}

async function fresh(algorithm: Algorithm): Promise<Float64Array> {
  const warmUp = scene(algorithm)
  await warmUp.proveAll(warmUp.requests)
  const { proveAll, requests } = scene(algorithm)
  return proveAll(requests)
}

/** An issuer, one rule that believes it, and a request with each of its tokens. */
function scene(alg: Algorithm) {
  const { publicKey, privateKey } = KINDS[alg]()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg, use: 'sig' }
  const authentication = rulesFor(JSON.stringify({ keys: [jwk] }))
  const verifier = new TokenVerifier(
    new KeyStore({
      fetchText: () => Promise.reject(new Error('nothing is fetched')),
      clock: systemClock,
      logger: console,
      detached: (action) => action(),
    }),
    systemClock,
  )
  return {
    requests: Array.from({ length: TOKENS }, (_, at) => requestWith(tokenOf(`user-${at}`, alg, privateKey))),
    async proveAll(requests: readonly InboundExchange[]): Promise<Float64Array> {
      const times = new Float64Array(requests.length)
      for (const [at, request] of requests.entries()) {
        const begin = process.hrtime.bigint()
        const proof = authenticate(authentication, request, verifier)
        const { kind } = proof instanceof Promise ? await proof : proof
        times[at] = Number(process.hrtime.bigint() - begin)
        if (kind !== 'proven') throw new Error(`a token was ${kind}`)
      }
      return times.sort()
    },
  }
}

function rulesFor(jwks: string): Authentication {
  const policy: InboundPolicy = {
    type: 'InboundPolicy',
    name: INBOUND_POLICY_NAME,
    version: '1',
    services: [],
    jwtRules: [{ issuer: ISSUER, audiences: ['bench'], jwks, timeoutMs: 5_000, forwardOriginalToken: true }],
  }
  const compiled = compileInboundRules(policy)
  if (!compiled.ok || compiled.value.authentication === undefined) throw new Error(JSON.stringify(compiled))
  return compiled.value.authentication
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(sub: string, alg: Algorithm, key: KeyObject): string {
  const exp = Math.floor(Date.now() / 1000) + 3600
  const claims = { iss: ISSUER, aud: 'bench', sub, exp, scope: 'read write', groups: ['all', 'readers'] }
  const text = `${part({ alg, kid: 'bench' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** As much of a request as is looked at. */
function requestWith(token: string): InboundExchange {
  const headers: Readonly<Record<string, string>> = {
    host: 'reviews',
    'user-agent': 'bench',
    accept: '*/*',
    authorization: `Bearer ${token}`,
  }
  const raw = Object.entries(headers).flat()
  const facts = { path: '/reviews/7' }
  return { facts, wholeHeader: (name: string) => joinedHeader(name, headers[name], raw) } as InboundExchange
}
