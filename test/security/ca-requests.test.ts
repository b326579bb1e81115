import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { keyPem, p256, requestOf } from '../support/certificate-requests.ts'
import { type SecureAnswer, type SecureCall, secureCall } from '../support/secure-api.ts'
import { createTestCa, selfSigned } from '../support/test-ca.ts'

/* What a hostile process may send to the authority of a secure server, and what it must not get by it. */
let server: ControlServer
let root: string
let admin: string
beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
  admin = server.adminToken as string
})
afterAll(() => server.close())

let named = 0
const newId = (): string => `workload-${++named}`

function join(serviceAccount = 'reviews', namespace = 'default'): Promise<string> {
  return server.createToken({ namespace, serviceAccount })
}

function ask(body: unknown, call: SecureCall = {}): Promise<SecureAnswer> {
  return secureCall(`${server.url}/v1/certificates`, { method: 'POST', ca: root, body, ...call })
}

interface Held {
  readonly cert: string
  readonly key: string
  readonly leaf: X509Certificate
  readonly workloadId: string
}

/** A workload that has its certificate. */
async function workload(token: string, call: SecureCall = {}, workloadId = newId()): Promise<Held> {
  const keys = p256()
  const { status, body } = await ask({ csr: requestOf({ keys }), workloadId }, { token, ...call })
  expect(body).toMatchObject({ certificateChain: [expect.any(String)] })
  expect(status).toBe(200)
  const [cert] = body.certificateChain
  return { cert, key: keyPem(keys.privateKey), leaf: new X509Certificate(cert), workloadId }
}

const renew = ({ cert, key, workloadId }: Held): Promise<SecureAnswer> =>
  ask({ csr: requestOf(), workloadId }, { cert, key })

describe('a request', () => {
  test('that claims to be somebody else names who has asked, and nothing that it claims', async () => {
    const csr = requestOf({
      commonName: 'admin',
      uris: ['spiffe://cluster.local/ns/istio-system/sa/weft-control-server'],
      dnsNames: ['payments.example'],
      isCa: true,
    })
    const { body } = await ask({ csr, workloadId: newId() }, { token: await join() })
    const leaf = new X509Certificate(body.certificateChain[0])
    expect(body.spiffeId).toBe('spiffe://cluster.local/ns/default/sa/reviews')
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/default/sa/reviews')
    expect([leaf.subject ?? '', leaf.ca]).toEqual(['', false])
    expect(leaf.verify(new X509Certificate(root).publicKey)).toBe(true)
  })

  test('with a forged signature gets nothing, as whoever sends it has not the key', async () => {
    const victim = p256()
    const csr = requestOf({ keys: victim, signer: p256().privateKey })
    const { status, body } = await ask({ csr, workloadId: newId() }, { token: await join() })
    expect([status, body.details.causes]).toEqual([
      400,
      [expect.objectContaining({ field: 'csr', message: expect.stringContaining('not signed by the key') })],
    ])
  })

  test.each([
    ['an oversized request', () => ({ csr: `${requestOf()}${' '.repeat(20_000)}`, workloadId: newId() }), 400, 'csr'],
    ['no request', () => ({ workloadId: newId() }), 400, 'csr'],
    ['an oversized workload id', () => ({ csr: requestOf(), workloadId: 'x'.repeat(300) }), 400, 'workloadId'],
    [
      'a workload id that leaves its place',
      () => ({ csr: requestOf(), workloadId: '../../tokens/x' }),
      400,
      'workloadId',
    ],
    ['no object', () => [], 400, ''],
  ])('with %s is refused', async (_name, body, code, field) => {
    const answer = await ask(body(), { token: await join() })
    expect(answer.status).toBe(code)
    if (field !== '') expect(answer.body.details.causes[0].field).toBe(field)
  })

  test('with a body of many megabytes is cut off', async () => {
    const body = { csr: 'x'.repeat(8 * 1024 * 1024), workloadId: newId() }
    const outcome = await ask(body, { token: await join() }).then(
      ({ status }) => status,
      () => 'cut off',
    )
    expect([413, 'cut off']).toContain(outcome)
    await workload(await join())
  })
})

describe('without', () => {
  test('a credential there is no certificate', async () => {
    const { status, headers, body } = await ask({ csr: requestOf(), workloadId: newId() })
    expect([status, headers['www-authenticate'], body.message]).toEqual([
      401,
      expect.stringContaining('Bearer'),
      expect.stringContaining('present a token'),
    ])
  })

  test("a workload's credential there is none either, an admin's included", async () => {
    const { status } = await ask({ csr: requestOf(), workloadId: newId() }, { token: admin })
    expect(status).toBe(403)
  })

  test.each([
    ['of another authority', () => createTestCa().leaf({ serviceAccount: 'reviews' })],
    ['that it has signed itself', () => selfSigned({ serviceAccount: 'reviews' })],
  ])('a certificate of the mesh, but one %s, a client is nobody', async (_name, make) => {
    const { certificate, privateKey } = make()
    const { status } = await ask({ csr: requestOf(), workloadId: newId() }, { cert: certificate, key: privateKey })
    expect(status).toBe(401)
  })

  test('a role nobody revokes or changes the root', async () => {
    const { cert, key } = await workload(await join())
    for (const path of ['/v1/certificates/revoke', '/v1/certificates/restore', '/v1/ca/rotate']) {
      const body = { identity: 'default/ratings' }
      expect((await secureCall(server.url + path, { method: 'POST', ca: root, body, cert, key })).status, path).toBe(
        403,
      )
      expect((await secureCall(server.url + path, { method: 'POST', ca: root, body })).status, path).toBe(401)
    }
    expect((await secureCall(`${server.url}/v1/certificates`, { ca: root, cert, key })).status).toBe(403)
  })
})

describe('the identity of the control server', () => {
  test('is given to nobody', async () => {
    await expect(join('weft-control-server', 'istio-system')).rejects.toThrow(TypeError)
  })
})

describe('a certificate is renewed', () => {
  test('by itself, for the same identity, whatever the request claims', async () => {
    const held = await workload(await join())
    const csr = requestOf({ uris: ['spiffe://cluster.local/ns/default/sa/admin'] })
    const { status, body } = await ask({ csr, workloadId: held.workloadId }, held)
    expect([status, body.spiffeId]).toEqual([200, 'spiffe://cluster.local/ns/default/sa/reviews'])
  })

  test('no more once it, its identity, or the token at its beginning was revoked, which the list shows', async () => {
    const revoke = (body: object): Promise<SecureAnswer> =>
      secureCall(`${server.url}/v1/certificates/revoke`, { method: 'POST', ca: root, body, token: admin })
    const bySerial = await workload(await join('by-serial'))
    const byIdentity = await workload(await join('by-identity'))
    const token = await join('by-token')
    const byToken = await workload(token)
    const untouched = await workload(await join('untouched'))

    expect((await revoke({ serial: bySerial.leaf.serialNumber })).status).toBe(200)
    expect((await revoke({ identity: 'spiffe://cluster.local/ns/default/sa/by-identity' })).status).toBe(200)
    const [, id = ''] = token.split('.')
    const deleted = await secureCall(`${server.url}/v1/tokens/${id}`, { method: 'DELETE', ca: root, token: admin })
    expect(deleted.status).toBe(200)

    for (const held of [bySerial, byIdentity, byToken]) expect([401, 403]).toContain((await renew(held)).status)
    expect((await renew(untouched)).status).toBe(200)
    const { body } = await secureCall(`${server.url}/v1/certificates`, { ca: root, token: admin })
    const shown = Object.fromEntries(
      body.certificates.map((each: { spiffeId: string; revoked?: string }) => [each.spiffeId, each.revoked]),
    )
    expect(shown).toMatchObject({
      'spiffe://cluster.local/ns/default/sa/by-serial': 'certificate',
      'spiffe://cluster.local/ns/default/sa/by-identity': 'identity',
      'spiffe://cluster.local/ns/default/sa/by-token': 'token',
      'spiffe://cluster.local/ns/default/sa/untouched': undefined,
    })
    const another = await ask({ csr: requestOf(), workloadId: newId() }, { token: await join('by-identity') })
    expect([401, 403]).toContain(another.status)
  })

  test.each([
    { body: {}, code: 400 },
    { body: { identity: 'default/reviews', serial: '1' }, code: 400 },
    { body: { identity: 'reviews' }, code: 400 },
    { body: { identity: 'default/../admin' }, code: 400 },
    { body: { serial: 'not hex' }, code: 400 },
    { body: { serial: 'abc123' }, code: 404 },
  ])('and $body revokes nothing', async ({ body, code }) => {
    const path = `${server.url}/v1/certificates/revoke`
    expect((await secureCall(path, { method: 'POST', ca: root, body, token: admin })).status).toBe(code)
  })
})
