import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { route } from '../support/api-bodies.ts'
import { type SecureAnswer, secureCall } from '../support/secure-api.ts'

/* An operator of one namespace that wants the calls of the others. */
let server: ControlServer
let root: string
let operator: string
let deployer: string
beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
  operator = await server.createToken({ role: 'operator', namespaces: ['evil'] })
  deployer = await server.createToken({ role: 'operator' })
  await write(deployer, '/v1/apply', 'POST', [virtualService({ hosts: ['reviews'] }, 'default')])
})
afterAll(() => server.close())

const write = (token: string, path: string, method: string, body: unknown): Promise<SecureAnswer> =>
  secureCall(server.url + path, { ca: root, token, method, body })

const virtualService = (spec: object, namespace = 'evil'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'grab', namespace },
  spec: { http: [route(undefined, 'trap.evil.svc.cluster.local')], ...spec },
})
const entry = (spec: object): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name: 'grab', namespace: 'evil' },
  spec: {
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.6' }],
    ...spec,
  },
})

const REVIEWS = 'reviews.default.svc.cluster.local'
const attempts: readonly (readonly [string, object])[] = [
  ['a route for the service of another namespace', virtualService({ hosts: [REVIEWS], exportTo: ['default'] })],
  ['a route for whatever has none', virtualService({ hosts: ['*.local'] })],
  ['a definition of a service that is not there yet', entry({ hosts: ['details.default.svc.cluster.local'] })],
  ['a host outside that others call', entry({ hosts: ['api.example.com'] })],
  ['an address that others call', entry({ hosts: ['trap.evil.svc.cluster.local'], addresses: ['10.96.0.7'] })],
  [
    'an address that others call, by a Service',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'grab', namespace: 'evil' },
      spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80 }] },
    },
  ],
]

describe.each(attempts)('%s', (_, resource) => {
  test('is refused to it by apply, and taken of an operator of the mesh', async () => {
    const refused = await write(operator, '/v1/apply', 'POST', [resource])
    expect([refused.status, refused.body.message]).toEqual([
      403,
      expect.stringContaining('callers of other namespaces'),
    ])
    expect((await write(deployer, '/v1/apply?dryRun=All', 'POST', [resource])).status).toBe(200)
  })
})

test('it is not given by a change of what was narrow, whoever wrote that', async () => {
  const path = '/apis/networking.istio.io/v1/namespaces/evil/virtualservices/grab'
  expect((await write(operator, path, 'PUT', virtualService({ hosts: [REVIEWS], exportTo: ['.'] }))).status).toBe(201)
  expect((await write(operator, path, 'PATCH', { spec: { exportTo: ['default'] } })).status).toBe(403)
  expect((await write(operator, path, 'PATCH', { spec: { exportTo: null } })).status).toBe(403)
  expect((await write(operator, path, 'PATCH', { spec: { hosts: ['trap'], exportTo: null } })).status).toBe(200)
  expect((await write(operator, path, 'PATCH', { spec: { hosts: [REVIEWS] } })).status).toBe(403)
  expect((await write(operator, path, 'DELETE', undefined)).status).toBe(200)
})

test('an identity with such a role is held to it as well', async () => {
  const { status } = await write(server.adminToken as string, '/v1/roles/evil', 'PUT', {
    role: 'operator',
    namespaces: ['evil'],
    identities: ['spiffe://cluster.local/ns/evil/sa/deployer'],
  })
  expect(status).toBe(201)
  const join = await server.createToken({ namespace: 'evil', serviceAccount: 'deployer' })
  const { p256, keyPem, requestOf } = await import('../support/certificate-requests.ts')
  const keys = p256()
  const issued = await write(join, '/v1/certificates', 'POST', { csr: requestOf({ keys }), workloadId: 'deployer' })
  const own = { ca: root, cert: issued.body.certificateChain[0], key: keyPem(keys.privateKey), method: 'POST' }
  const apply = (spec: object): Promise<SecureAnswer> =>
    secureCall(`${server.url}/v1/apply`, { ...own, body: [virtualService(spec)] })
  expect((await apply({ hosts: ['trap'] })).status).toBe(200)
  expect((await apply({ hosts: [REVIEWS] })).status).toBe(403)
})
