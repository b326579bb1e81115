import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration } from '../support/api-bodies.ts'
import { keyPem, p256, requestOf } from '../support/certificate-requests.ts'
import { type SecureAnswer, type SecureCall, secureCall } from '../support/secure-api.ts'
import { nodeOf, openStream } from '../support/secure-stream.ts'

/* Tokens that were stolen, revoked, used up or have expired, guesses, and what is too large. */
let server: ControlServer
let root: string
/** Of the wall only: certificates are made with it, sockets are not timed by it. */
let shiftMs = 0
let monotonicMs = 0
beforeAll(async () => {
  server = await startControlServer({
    listen: '127.0.0.1:0',
    store: 'memory',
    secure: true,
    clock: { now: () => performance.now() + monotonicMs, wallNow: () => Date.now() + shiftMs },
  })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
})
afterAll(() => server.close())

let named = 0
const newId = (): string => `workload-${++named}`
const call = (path: string, given: SecureCall): Promise<SecureAnswer> =>
  secureCall(server.url + path, { ca: root, ...given })
const certify = (token: string, workloadId: string): Promise<SecureAnswer> =>
  call('/v1/certificates', { token, method: 'POST', body: { csr: requestOf(), workloadId } })
const register = (token: string, id: string): Promise<SecureAnswer> =>
  call(`/v1/workloads/${id}`, { token, method: 'PUT', body: registration() })
const revoke = (token: string): Promise<SecureAnswer> =>
  call(`/v1/tokens/${token.split('.')[1]}`, { token: server.adminToken as string, method: 'DELETE' })
const join = (given: object = {}): Promise<string> =>
  server.createToken({ namespace: 'default', serviceAccount: 'default', ...given })

async function afterTime<T>(ms: number, then: () => Promise<T>): Promise<T> {
  shiftMs = ms
  try {
    return await then()
  } finally {
    shiftMs = 0
  }
}

describe('a join token', () => {
  test('that is used up lets nobody else in, by no way, and whoever has joined goes on', async () => {
    const token = await join({ uses: 1 })
    const first = newId()
    expect((await certify(token, first)).status).toBe(200)
    const thief = newId()
    const refused = await certify(token, thief)
    expect([refused.status, refused.body.message]).toEqual([401, expect.stringContaining('used up')])
    expect((await register(token, thief)).status).toBe(401)
    expect((await openStream(server.url, root, token, nodeOf({ id: thief }))).status).toBe(401)
    expect((await certify(token, first)).status).toBe(200)
    expect((await register(token, first)).status).toBe(200)
    const stream = await openStream(server.url, root, token, nodeOf({ id: first }))
    expect(stream.status).toBe(200)
    stream.close()
  })

  test('is not used twice by a crowd that comes at once', async () => {
    const token = await join({ uses: 2 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => certify(token, newId())))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
  })

  test('that has expired lets nobody else in, and whoever has joined goes on', async () => {
    const token = await join({ ttlMs: 60_000 })
    const early = newId()
    expect((await certify(token, early)).status).toBe(200)
    await afterTime(61_000, async () => {
      expect((await certify(token, newId())).status).toBe(401)
      expect((await register(token, newId())).status).toBe(401)
      expect((await certify(token, early)).status).toBe(200)
      expect((await register(token, early)).status).toBe(200)
    })
  })

  test('that is revoked is good for nothing, and the streams opened by it end at once', async () => {
    const token = await join()
    const other = await join()
    const id = newId()
    expect((await certify(token, id)).status).toBe(200)
    const stream = await openStream(server.url, root, token, nodeOf({ id }))
    const stays = await openStream(server.url, root, other, nodeOf())
    let isOpen = true
    stays.ended.then(() => {
      isOpen = false
    })
    expect((await revoke(token)).body).toMatchObject({ state: 'revoked' })
    await stream.ended
    expect(isOpen).toBe(true)
    stays.close()
    for (const refused of [await certify(token, id), await register(token, id)]) {
      expect([refused.status, refused.body.message]).toEqual([401, expect.stringContaining('revoked')])
    }
    expect((await openStream(server.url, root, token, nodeOf({ id }))).status).toBe(401)
  })
})

test('a certificate that has ended since its connection began is good for nothing on it', async () => {
  const keys = p256()
  const body = { csr: requestOf({ keys }), workloadId: newId() }
  const issued = await call('/v1/certificates', { token: await join(), method: 'POST', body })
  const own = { cert: issued.body.certificateChain[0], key: keyPem(keys.privateKey) }
  const renew = (): Promise<SecureAnswer> => call('/v1/certificates', { ...own, method: 'POST', body })
  expect((await renew()).status).toBe(200)
  const late = await afterTime(25 * 3_600_000, renew)
  expect([late.status, late.body.message]).toEqual([401, expect.stringContaining('expired')])
})

describe('a token for the API', () => {
  test('that has expired is good for nothing', async () => {
    const token = await server.createToken({ role: 'admin', ttlMs: 60_000 })
    expect((await call('/v1/tokens', { token })).status).toBe(200)
    expect((await afterTime(60_001, () => call('/v1/tokens', { token }))).status).toBe(401)
  })

  test('that is revoked is good for nothing from the next request on', async () => {
    const token = await server.createToken({ role: 'viewer' })
    expect((await call('/v1/clients', { token })).status).toBe(200)
    await revoke(token)
    expect((await call('/v1/clients', { token })).status).toBe(401)
  })

  test('gets no certificate and opens no stream, unless it is an admin’s', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      const token = await server.createToken({ role })
      expect((await certify(token, newId())).status).toBe(403)
      expect((await openStream(server.url, root, token, nodeOf())).status).toBe(403)
    }
    expect((await certify(server.adminToken as string, newId())).status).toBe(403)
  })
})

test('an identity that is revoked loses its streams and is let in by no token', async () => {
  const token = await server.createToken({ namespace: 'default', serviceAccount: 'leaving' })
  const stream = await openStream(server.url, root, token, nodeOf({ serviceAccount: 'leaving' }))
  expect(stream.status).toBe(200)
  const change = (verb: string): Promise<SecureAnswer> =>
    call(`/v1/certificates/${verb}`, {
      token: server.adminToken as string,
      method: 'POST',
      body: { identity: 'default/leaving' },
    })
  expect((await change('revoke')).status).toBe(200)
  await stream.ended
  expect((await certify(token, newId())).status).toBe(401)
  expect((await change('restore')).status).toBe(200)
  expect((await certify(token, newId())).status).toBe(200)
  const { body } = await call('/v1/audit?resource=Identity/leaving', { token: server.adminToken as string })
  expect(body.entries.map(({ verb }: { verb: string }) => verb)).toEqual(['restore', 'revoke'])
})

test('what is too large is refused before it is taken in', async () => {
  const token = await join()
  const huge = { ...registration(), labels: { big: 'x'.repeat(4 * 1024 * 1024) } }
  const answer = await call('/v1/workloads/huge', { token, method: 'PUT', body: huge }).catch((error) => error.code)
  expect([413, 'EPIPE', 'ECONNRESET']).toContain((answer as SecureAnswer).status ?? answer)
  // Without a credential nothing of it is read at all.
  const nobody = await call('/v1/workloads/huge', { method: 'PUT', body: huge }).catch((error) => error.code)
  expect([401, 'EPIPE', 'ECONNRESET']).toContain((nobody as SecureAnswer).status ?? nobody)
  expect((await call('/healthz', {})).status).toBe(200)
})

// Last, as it keeps everybody on this machine out for a minute.
test('whoever guesses is not listened to for a minute, and whoever was known before still is', async () => {
  const known = await server.createToken({ role: 'viewer' })
  const fresh = await server.createToken({ role: 'viewer' })
  expect((await call('/v1/clients', { token: known })).status).toBe(200)
  const guess = (n: number): Promise<SecureAnswer> =>
    call('/v1/clients', { token: `weft-api.${known.split('.')[1]}.${String(n).padStart(43, 'A')}` })
  for (let n = 0; n < 10; n++) expect((await guess(n)).status).toBe(401)
  const blocked = await guess(10)
  expect(blocked.status).toBe(429)
  expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(50)
  // Also a credential that is right: otherwise guessing would go on.
  expect((await call('/v1/clients', { token: fresh })).status).toBe(429)
  expect((await call('/v1/clients', { token: known })).status).toBe(200)
  // However it is written: whoever has one could otherwise have all others forgotten by writing it in thousands of ways.
  const unpinned = known.split('.').slice(0, 3).join('.')
  for (const token of [unpinned, `${unpinned}.${'0'.repeat(64)}`, `  ${known} `]) {
    expect((await call('/v1/clients', { token })).status).toBe(200)
  }
  expect((await call('/healthz', {})).status).toBe(200)
  monotonicMs = 61_000
  expect((await call('/v1/clients', { token: fresh })).status).toBe(200)
})
