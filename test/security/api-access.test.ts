import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration, route, VS, virtualService } from '../support/api-bodies.ts'
import { type SecureAnswer, type SecureCall, secureCall } from '../support/secure-api.ts'

/* What each caller of a secure server reaches, over real TLS. Who may what is a table of its own (authorize.test.ts). */
let server: ControlServer
let root: string
const tokens: Record<string, string> = {}
beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
  tokens.admin = server.adminToken as string
  tokens.viewer = await server.createToken({ role: 'viewer' })
  tokens.operator = await server.createToken({ role: 'operator' })
  tokens.narrow = await server.createToken({ role: 'operator', namespaces: ['default'] })
  tokens.workload = await server.createToken({ namespace: 'default', serviceAccount: 'default' })
})
afterAll(() => server.close())

const call = (path: string, given: SecureCall = {}): Promise<SecureAnswer> =>
  secureCall(server.url + path, { ca: root, ...given })
const as = (who: string, path: string, given: SecureCall = {}): Promise<SecureAnswer> =>
  call(path, { token: tokens[who] as string, ...given })

test('the server speaks https', () => expect(server.url).toMatch(/^https:/))

describe('nobody', () => {
  test.each(['/healthz', '/readyz', '/v1/trust-bundle'])('may GET %s', async (path) => {
    expect((await call(path)).status).toBe(200)
  })

  test('gets nothing else of all that is served, nor learns what there is', async () => {
    const { body } = await as('viewer', '/openapi.json')
    const open = ['/healthz', '/readyz', '/v1/trust-bundle']
    const served = Object.entries(body.paths as Record<string, Record<string, unknown>>).flatMap(([path, methods]) =>
      open.includes(path) ? [] : Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    )
    const core = served.filter(([, path]) => !path.startsWith('/apis/') || path.includes('/v1/namespaces'))
    expect(core.length).toBeGreaterThan(60)
    for (const [method, path] of [...core, ['GET', '/v1/nothing'] as const, ['DELETE', '/healthz'] as const]) {
      const { status, headers } = await call(path.replaceAll(/\{\w+\}/g, 'x'), { method })
      expect([method, path, status]).toEqual([method, path, 401])
      expect(headers['www-authenticate']).toBe('Bearer realm="weft"')
    }
  })

  test.each([
    '/V1/clients',
    '//v1/clients',
    '/v1/./clients',
    '/v1/%63lients',
    '/v1/clients/',
    '/healthz/../v1/clients',
  ])('gets nothing by %s', async (path) => {
    const { status, body } = await call(path)
    expect(status).toBe(401)
    expect(JSON.stringify(body)).not.toContain('"clients"')
  })
})

describe('what is presented', () => {
  const authorize = (authorization: string): Promise<Response | SecureAnswer> =>
    new Promise((resolve, reject) => {
      import('node:https').then(({ request }) => {
        const sent = request(
          `${server.url}/v1/clients`,
          { ca: root, checkServerIdentity: () => undefined, agent: false, headers: { authorization } },
          (response) => {
            response.resume()
            response.on('end', () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '', protocol: null }),
            )
          },
        )
        sent.on('error', reject)
        sent.end()
      }, reject)
    })

  test.each([
    ['basic', () => `Basic ${Buffer.from(`admin:${tokens.admin}`).toString('base64')}`],
    ['a token without its scheme', () => tokens.admin as string],
    ['a token and something after it', () => `Bearer ${tokens.admin} ${tokens.admin}`],
    ['a token with a wrong secret', () => `Bearer ${(tokens.admin as string).replace(/\.[^.]{4}/, '.AAAA')}`],
    ['a token without its secret', () => `Bearer ${(tokens.admin as string).split('.').slice(0, 2).join('.')}`],
    [
      'a join token that says it is one for the API',
      () => `Bearer ${tokens.workload?.replace('weft-join', 'weft-api')}`,
    ],
    ['an oversized token', () => `Bearer ${'a'.repeat(10_000)}`],
  ])('as %s is not taken', async (_, make) => {
    const { status, headers } = (await authorize(make())) as SecureAnswer
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe('Bearer realm="weft", error="invalid_token"')
  })

  test('as Bearer is taken in any case of letters', async () => {
    expect(((await authorize(`bearer ${tokens.viewer}`)) as SecureAnswer).status).toBe(200)
  })
})

describe('a viewer', () => {
  test('reads, and writes nothing', async () => {
    expect((await as('viewer', '/v1/services')).status).toBe(200)
    expect((await as('viewer', VS)).status).toBe(200)
    expect((await as('viewer', '/metrics')).status).toBe(200)
    for (const [method, path] of [
      ['POST', VS],
      ['DELETE', `${VS}/reviews`],
      ['POST', '/v1/apply?dryRun=All'],
      ['PUT', '/v1/services/default/reviews/canary'],
      ['PUT', '/v1/workloads/w1'],
      ['GET', '/v1/tokens'],
      ['GET', '/v1/roles'],
      ['GET', '/v1/audit'],
      ['POST', '/v1/ca/rotate'],
      ['GET', '/v1/stream?node=%7B%7D'],
      ['POST', '/v1/certificates'],
    ] as const) {
      const body = method === 'POST' || method === 'PUT' ? { body: {} } : {}
      expect([path, (await as('viewer', path, { method, ...body })).status]).toEqual([path, 403])
    }
  })
})

describe('an operator of one namespace', () => {
  const apply = (...namespaces: string[]): Promise<SecureAnswer> =>
    as('narrow', '/v1/apply', {
      method: 'POST',
      body: namespaces.map((namespace) => virtualService('reviews', [route()], { namespace })),
    })

  test('writes there', async () => {
    expect((await apply('default')).status).toBe(200)
    expect((await as('narrow', `${VS}/reviews`, { method: 'DELETE' })).status).toBe(200)
  })

  test('writes nowhere else, by no way', async () => {
    const other = VS.replace('default', 'other')
    const inOther = virtualService('reviews', [route()], { namespace: 'other' })
    expect((await apply('other')).status).toBe(403)
    expect((await as('narrow', other, { method: 'POST', body: virtualService('reviews') })).status).toBe(403)
    expect((await as('narrow', `${other}/x`, { method: 'DELETE' })).status).toBe(403)
    expect((await as('narrow', VS, { method: 'POST', body: inOther })).status).toBe(422)
    expect(
      (await as('narrow', '/v1/apply?namespace=other', { method: 'POST', body: [virtualService('v')] })).status,
    ).toBe(403)
    expect((await apply('istio-system')).body.message).toContain('what holds for the whole mesh')
    expect((await as('admin', other)).body.items).toEqual([])
  })

  test('writes nothing of a set that goes beyond', async () => {
    const { status, body } = await apply('default', 'other')
    expect([status, body.reason]).toEqual([403, 'Forbidden'])
    expect((await as('admin', VS)).body.items).toEqual([])
  })

  test('moves no canary whose rules stand in another namespace', async () => {
    const host = 'paid.default.svc.cluster.local'
    await as('admin', '/v1/apply', {
      method: 'POST',
      body: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'paid', namespace: 'default' },
          spec: { ports: [{ port: 80, name: 'http' }] },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'DestinationRule',
          metadata: { name: 'paid', namespace: 'default' },
          spec: { host, subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })) },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'VirtualService',
          metadata: { name: 'paid', namespace: 'other' },
          spec: { hosts: [host], http: [{ route: [{ destination: { host, subset: 'v1' } }] }] },
        },
      ],
    })
    const canary = { method: 'PUT', body: { subset: 'v2', weight: 10 } }
    const refused = await as('narrow', '/v1/services/default/paid/canary', canary)
    expect([refused.status, refused.body.message]).toEqual([403, expect.stringContaining('not the namespace other')])
    expect((await as('operator', '/v1/services/default/paid/canary', canary)).status).toBe(200)
  })
})

test('an operator makes no tokens and gives no roles', async () => {
  for (const [method, path] of [
    ['POST', '/v1/tokens'],
    ['GET', '/v1/tokens'],
    ['PUT', '/v1/roles/me'],
    ['POST', '/v1/certificates/revoke'],
    ['POST', '/v1/ca/rotate'],
  ] as const) {
    const body = method === 'GET' ? {} : { body: { role: 'admin', identities: ['spiffe://cluster.local/ns/a/sa/b'] } }
    expect((await as('operator', path, { method, ...body })).status).toBe(403)
  }
})

test('a workload reads and writes nothing but its own', async () => {
  for (const path of ['/v1/services', '/v1/clients', VS, '/v1/tokens', '/v1/audit', '/metrics', '/openapi.json']) {
    expect([path, (await as('workload', path)).status]).toEqual([path, 403])
  }
  expect((await as('workload', '/v1/apply', { method: 'POST', body: [virtualService('v')] })).status).toBe(403)
  expect((await as('workload', '/v1/workloads/w1', { method: 'PUT', body: registration() })).status).toBe(200)
})

test('no secret of a token is ever shown again', async () => {
  const { body: made } = await as('admin', '/v1/tokens', { method: 'POST', body: { role: 'viewer' } })
  const secret = (made.token as string).split('.')[2] as string
  const shown = JSON.stringify([(await as('admin', '/v1/tokens')).body, (await as('admin', '/v1/audit')).body])
  expect(shown).toContain(made.id)
  expect(shown).not.toContain(secret)
  expect(shown).not.toContain('secretHash')
})
