import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration } from '../support/api-bodies.ts'
import { requestOf } from '../support/certificate-requests.ts'
import { publicJwk, secretToken, signJwt, unsignedToken } from '../support/jwt.ts'
import { poll } from '../support/poll.ts'
import { type SecureAnswer, secureCall } from '../support/secure-api.ts'

/* Service-account tokens against a real server whose JWKS endpoint may be hostile. */
const ISSUER = 'https://kubernetes.default.svc'
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = JSON.stringify({ keys: [publicJwk(keys.publicKey, 'one')] })
const header = { alg: 'RS256', kid: 'one' }
const claims = (given: object = {}): object => ({
  iss: ISSUER,
  aud: ['weft'],
  sub: 'system:serviceaccount:default:reviews',
  exp: Math.floor(Date.now() / 1_000) + 3_600,
  ...given,
})

const running: { server?: ControlServer; issuer?: Server; requests: number } = { requests: 0 }
afterEach(async () => {
  running.issuer?.closeAllConnections()
  running.issuer?.close()
  await running.server?.close()
  running.requests = 0
})

/** A secure server that reads its keys from an endpoint that answers so. */
async function start(listener: RequestListener): Promise<(token: string) => Promise<SecureAnswer>> {
  running.issuer = createServer((request, response) => {
    running.requests++
    listener(request, response)
  })
  await new Promise<void>((resolve) => running.issuer?.listen(0, '127.0.0.1', resolve))
  const { port } = running.issuer.address() as AddressInfo
  const server = await startControlServer({
    listen: '127.0.0.1:0',
    store: 'memory',
    secure: true,
    kubernetes: { issuer: ISSUER, jwksUri: `http://127.0.0.1:${port}/jwks` },
  })
  running.server = server
  return (token) =>
    secureCall(`${server.url}/v1/certificates`, {
      token,
      method: 'POST',
      body: { csr: requestOf(), workloadId: 'w1' },
    })
}

const good: RequestListener = (_, response) => void response.end(jwks)
const signed = (given: object = {}): string => signJwt(header, claims(given), keys.privateKey)

test('a pod is the service account that its token names, and nobody else', async () => {
  const ask = await start(good)
  const { status, body } = await ask(signed())
  expect([status, body.spiffeId]).toEqual([200, 'spiffe://cluster.local/ns/default/sa/reviews'])
  const register = (given: object): Promise<SecureAnswer> =>
    secureCall(`${running.server?.url}/v1/workloads/w1`, {
      token: signed(),
      method: 'PUT',
      body: registration({ serviceAccount: 'reviews', ...given }),
    })
  expect((await register({})).status).toBe(200)
  expect((await register({ serviceAccount: 'payments' })).status).toBe(403)
  expect((await register({ namespace: 'other', serviceAccount: 'reviews' })).status).toBe(403)
  const { body: list } = await secureCall(`${running.server?.url}/v1/certificates`, {
    token: running.server?.adminToken as string,
  })
  expect(list.certificates[0]).toMatchObject({ via: 'kubernetes', credential: 'kubernetes/default/reviews' })
})

test('the identity of the control server is nobody’s, whatever a cluster signs', async () => {
  const ask = await start(good)
  const { status } = await ask(signed({ sub: 'system:serviceaccount:istio-system:weft-control-server' }))
  expect(status).toBe(403)
})

test('tricks with algorithms are refused', async () => {
  const ask = await start(good)
  const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' }) as string
  for (const token of [
    unsignedToken(claims(), { alg: 'none' }),
    unsignedToken(claims(), { alg: 'nOnE', kid: 'one' }, 'e30'),
    secretToken(publicPem, claims(), { alg: 'HS256', kid: 'one' }),
    secretToken(jwks, claims(), { alg: 'HS256', kid: 'one' }),
    signJwt({ ...header, kid: 'x'.repeat(3_000) }, claims(), keys.privateKey),
    signJwt(header, claims({ pad: 'x'.repeat(9_000) }), keys.privateKey),
  ]) {
    expect((await ask(token)).status).toBe(401)
  }
})

describe('a JWKS endpoint that', () => {
  test.each<[string, RequestListener]>([
    [
      'is huge',
      (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536))) {}
        }
        response.on('drain', more)
        more()
      },
    ],
    ['leads elsewhere', (_, response) => void response.writeHead(302, { location: '/other' }).end()],
    ['fails', (_, response) => void response.writeHead(500).end(jwks)],
    [
      'hands out a shared secret',
      (_, response) =>
        void response.end(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'one', alg: 'HS256' }] })),
    ],
    ['breaks off', (_, response) => void response.socket?.destroy()],
  ])('%s leads to 503 and to nobody who gets in', async (_, listener) => {
    const ask = await start(listener)
    const first = await ask(signed())
    expect([first.status, first.body.reason]).toEqual([503, 'ServiceUnavailable'])
    expect((await ask(secretToken('secret', claims(), { alg: 'HS256', kid: 'one' }))).status).toBe(401)
    expect((await secureCall(`${running.server?.url}/healthz`)).status).toBe(200)
  })

  test('does not answer holds up nobody else, and who waits for it is told when it breaks off', async () => {
    const ask = await start(() => undefined)
    const waiting = ask(signed())
    await poll(() => running.requests === 1, 'the question for keys')
    const { status } = await secureCall(`${running.server?.url}/v1/clients`, {
      token: running.server?.adminToken as string,
    })
    expect(status).toBe(200)
    running.issuer?.closeAllConnections()
    expect((await waiting).status).toBe(503)
  })

  test('is asked once, however many tokens with keys that do not exist come', async () => {
    const ask = await start(good)
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_, index) => ask(signJwt({ ...header, kid: `k${index}` }, claims(), keys.privateKey))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(running.requests).toBe(1)
  })

  test('goes down after it was asked is not missed', async () => {
    const ask = await start(good)
    expect((await ask(signed())).status).toBe(200)
    running.issuer?.closeAllConnections()
    await new Promise((resolve) => running.issuer?.close(resolve))
    expect((await ask(signed())).status).toBe(200)
  })
})

test('keys over plain http from elsewhere are refused at the start', async () => {
  const kubernetes = { issuer: ISSUER, jwksUri: 'http://10.0.0.1/jwks' }
  await expect(startControlServer({ listen: '127.0.0.1:0', store: 'memory', kubernetes })).rejects.toThrow(
    /jwksUri must be an https/,
  )
})
