import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration } from '../support/api-bodies.ts'
import { keyPem, p256, requestOf } from '../support/certificate-requests.ts'
import { type SecureAnswer, type SecureCall, secureCall } from '../support/secure-api.ts'
import { nodeOf, openStream } from '../support/secure-stream.ts'

/* A workload that says more of itself than it has proven. */
let server: ControlServer
let root: string
let named = 0
beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
})
afterAll(() => server.close())

const call = (path: string, given: SecureCall): Promise<SecureAnswer> =>
  secureCall(server.url + path, { ca: root, ...given })
const admin = (path: string, method = 'GET', body?: unknown): Promise<SecureAnswer> =>
  call(path, { token: server.adminToken as string, method, ...(body === undefined ? {} : { body }) })
const newId = (): string => `workload-${++named}`
const register = (token: string, given: object = {}, id = newId()): Promise<SecureAnswer> =>
  call(`/v1/workloads/${id}`, {
    token,
    method: 'PUT',
    body: registration({ service: 'reviews', serviceAccount: 'reviews', labels: {}, ...given }),
  })

let token: string
beforeEach(async () => {
  token = await server.createToken({ namespace: 'default', serviceAccount: 'reviews' })
})

describe('a registration', () => {
  test('of itself is taken, at every address of its machine', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses)
      expect([address, (await register(token, { address })).status]).toEqual([address, 200])
  })

  test.each<[string, object, string]>([
    ['for another namespace', { namespace: 'other' }, 'may not register as other/reviews'],
    ['for another service account', { serviceAccount: 'payments' }, 'may not register as default/payments'],
    ['at the address of another machine', { address: '203.0.113.7' }, 'not an address of this workload'],
    ['at a mapped address of another machine', { address: '::ffff:203.0.113.7' }, 'not an address of this workload'],
    ['at a name', { address: 'payments.default.svc.cluster.local' }, 'not an address of this workload'],
  ])('%s is refused', async (_, given, message) => {
    const { status, body } = await register(token, given)
    expect([status, body.message]).toEqual([403, expect.stringContaining(message)])
  })

  test('within the ranges of its token is taken, and just beyond them is not', async () => {
    const ranged = await server.createToken({
      namespace: 'default',
      serviceAccount: 'reviews',
      addresses: ['203.0.113.0/29', 'fd00:1::/64'],
    })
    for (const address of ['203.0.113.7', '::ffff:203.0.113.1', 'fd00:1::5']) {
      expect([address, (await register(ranged, { address })).status]).toEqual([address, 200])
    }
    for (const address of ['203.0.113.8', 'fd00:2::5']) {
      expect([address, (await register(ranged, { address })).status]).toEqual([address, 403])
    }
  })

  test('for a service that its token does not name is refused, also by labels that a selector takes', async () => {
    await admin('/v1/apply', 'POST', [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'payments', namespace: 'default' },
        spec: { selector: { app: 'payments' }, ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'reviews-v1', namespace: 'default' },
        spec: { selector: { app: 'reviews', version: 'v1' }, ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'payments-by-tier', namespace: 'default' },
        spec: { selector: { tier: 'payments' }, ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'WorkloadGroup',
        metadata: { name: 'payers', namespace: 'default' },
        spec: { metadata: { labels: { app: 'payments' } }, template: {} },
      },
    ])
    const only = await server.createToken({ namespace: 'default', serviceAccount: 'reviews', services: ['reviews'] })
    expect((await register(only)).status).toBe(200)
    // Whoever wrote this one means workloads of reviews, and a token for reviews goes on being one.
    expect((await register(only, { labels: { version: 'v1' } })).status).toBe(200)
    expect((await admin('/v1/services/default/reviews-v1')).body.endpoints).toHaveLength(1)
    for (const given of [
      { service: 'payments' },
      { labels: { app: 'payments' } },
      { labels: { tier: 'payments' } },
      { workload: 'payers' },
    ]) {
      const { status, body } = await register(only, given)
      expect([status, body.message]).toEqual([403, expect.stringContaining('not for payments')])
    }
    const { body } = await admin('/v1/services/default/payments')
    expect(body.endpoints).toEqual([])
  })

  test('of somebody else is neither replaced, renewed, ended nor followed', async () => {
    const victim = await server.createToken({ namespace: 'default', serviceAccount: 'payments' })
    const id = newId()
    expect((await register(victim, { service: 'payments', serviceAccount: 'payments' }, id)).status).toBe(200)
    expect((await register(token, {}, id)).status).toBe(403)
    expect((await call(`/v1/workloads/${id}/renew`, { token, method: 'POST' })).status).toBe(403)
    expect((await call(`/v1/workloads/${id}`, { token, method: 'DELETE' })).status).toBe(403)
    const stream = await openStream(server.url, root, token, nodeOf({ id, serviceAccount: 'reviews' }))
    expect(stream.status).toBe(403)
    expect((await call(`/v1/workloads/${id}/renew`, { token: victim, method: 'POST' })).status).toBe(200)
  })
})

const hasIpv6 = Object.values(networkInterfaces()).some((all = []) => all.some(({ family }) => family === 'IPv6'))

test.skipIf(!hasIpv6)('over a socket for both families, IPv4 is what calls, however it is written', async () => {
  await using both = await dualStack()
  const id = newId()
  const put = (address: string): Promise<SecureAnswer> =>
    secureCall(`https://127.0.0.1:${both.port}/v1/workloads/${id}`, {
      token: both.token,
      method: 'PUT',
      body: registration({ serviceAccount: 'default', address }),
    })
  expect((await put('127.0.0.1')).status).toBe(200)
  expect((await put('::ffff:127.0.0.1')).status).toBe(200)
  expect((await put('::ffff:203.0.113.7')).status).toBe(403)
})

async function dualStack(): Promise<AsyncDisposable & { readonly port: string; readonly token: string }> {
  const other = await startControlServer({ listen: '[::]:0', store: 'memory', secure: true })
  return {
    port: new URL(other.url).port,
    token: await other.createToken({ namespace: 'default', serviceAccount: 'default' }),
    [Symbol.asyncDispose]: () => other.close(),
  }
}

describe('a stream', () => {
  test.each<[string, object]>([
    ['of another namespace', { namespace: 'other' }],
    ['of another service account', { serviceAccount: 'payments' }],
  ])('%s is refused', async (_, node) => {
    const { status } = await openStream(server.url, root, token, nodeOf({ serviceAccount: 'reviews', ...node }))
    expect(status).toBe(403)
  })

  test('of an id that no workload has is refused, as it would be remembered', async () => {
    for (const id of ['a/b', 'x'.repeat(254), '../tokens/x', ' ']) {
      const { status } = await openStream(server.url, root, token, nodeOf({ id, serviceAccount: 'reviews' }))
      expect([id.slice(0, 9), status]).toEqual([id.slice(0, 9), 400])
    }
  })

  test('is one of the processes that may join, and no more than a few of each are held open', async () => {
    const once = await server.createToken({ namespace: 'default', serviceAccount: 'reviews', uses: 1 })
    const open = (id: string): ReturnType<typeof openStream> =>
      openStream(server.url, root, once, nodeOf({ id, serviceAccount: 'reviews' }))
    const first = await open('flood')
    expect([first.status, (await open('flood-1')).status]).toEqual([200, 401])
    const more = await Promise.all(Array.from({ length: 9 }, () => open('flood')))
    await first.ended
    for (const stream of more) stream.close()
  })

  test('takes messages from whoever opened it, and from nobody else', async () => {
    const stream = await openStream(server.url, root, token, nodeOf({ serviceAccount: 'reviews' }))
    expect(stream.status).toBe(200)
    const { streamId } = await stream.hello
    const say = (by: string): Promise<SecureAnswer> =>
      call(`/v1/streams/${streamId}`, { token: by, method: 'POST', body: { seq: 1 } })
    const same = await server.createToken({ namespace: 'default', serviceAccount: 'reviews' })
    const other = await server.createToken({ namespace: 'default', serviceAccount: 'payments' })
    const viewer = await server.createToken({ role: 'viewer' })
    expect((await say(other)).status).toBe(403)
    expect((await say(same)).status).toBe(403)
    expect((await say(viewer)).status).toBe(403)
    expect((await call(`/v1/streams/${streamId}`, { method: 'POST', body: { seq: 1 } })).status).toBe(401)
    expect((await say(token)).status).toBe(204)
    stream.close()
  })
})

describe('a certificate', () => {
  async function certificateOf(by: string, workloadId = newId()): Promise<{ cert: string; key: string }> {
    const keys = p256()
    const body = { csr: requestOf({ keys }), workloadId }
    const answer = await call('/v1/certificates', { token: by, method: 'POST', body })
    expect(answer.status).toBe(200)
    return { cert: answer.body.certificateChain[0], key: keyPem(keys.privateKey) }
  }

  test('proves the same workload as its token, with the same limits', async () => {
    const only = await server.createToken({ namespace: 'default', serviceAccount: 'reviews', services: ['reviews'] })
    const own = await certificateOf(only)
    const put = (given: object): Promise<SecureAnswer> =>
      call(`/v1/workloads/${newId()}`, {
        ...own,
        method: 'PUT',
        body: registration({ service: 'reviews', serviceAccount: 'reviews', labels: {}, ...given }),
      })
    expect((await put({})).status).toBe(200)
    expect((await put({ service: 'ratings' })).status).toBe(403)
    expect((await put({ serviceAccount: 'payments' })).status).toBe(403)
    expect((await call('/v1/services', own)).status).toBe(403)
  })

  test('carries a role where its identity has one, and the join token behind it does not', async () => {
    const deployer = await server.createToken({ namespace: 'ci', serviceAccount: 'deployer' })
    const own = await certificateOf(deployer)
    expect((await call('/v1/services', own)).status).toBe(403)
    const identities = ['spiffe://cluster.local/ns/ci/sa/deployer']
    const body = { role: 'operator', namespaces: ['default'], identities }
    expect((await admin('/v1/roles/deployer', 'PUT', body)).status).toBe(201)
    expect((await call('/v1/services', own)).status).toBe(200)
    expect((await call('/v1/services', { token: deployer })).status).toBe(403)
    expect((await call('/v1/tokens', own)).status).toBe(403)
    expect((await admin('/v1/roles/deployer', 'DELETE')).status).toBe(200)
    expect((await call('/v1/services', own)).status).toBe(403)
  })

  test('of a token that is revoked is good for nothing at the API any more', async () => {
    const own = await certificateOf(token)
    const put = (): Promise<SecureAnswer> =>
      call(`/v1/workloads/${newId()}`, {
        ...own,
        method: 'PUT',
        body: registration({ service: 'reviews', serviceAccount: 'reviews' }),
      })
    expect((await put()).status).toBe(200)
    await admin(`/v1/tokens/${token.split('.')[1]}`, 'DELETE')
    expect((await put()).status).toBe(401)
  })
})
