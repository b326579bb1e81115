import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import type { AuditEvent } from '../../packages/mesh-client/src/kernel/audit-event.ts'
import { issuerKey, jwksOf, signedToken } from '../support/jwt.ts'
import { openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { authorizationPolicy, meshConfig, requestAuthentication } from '../support/test-model.ts'

const served = (request: IncomingMessage, response: ServerResponse): void => {
  response.end(`served ${request.url} to ${request.headers['x-user'] ?? 'nobody'}`)
}

const policy = (name: string, spec: object): object =>
  authorizationPolicy(name, { selector: { matchLabels: { app: 'shop' } }, ...spec })

/** Asks a service of the mesh about all of its requests. */
const asks = (provider: object): readonly object[] => [
  meshConfig({ extensionProviders: [{ name: 'ext', ...provider }] }),
  policy('ask', { action: 'CUSTOM', provider: { name: 'ext' }, rules: [{}] }),
]
const GUARD = { service: 'guard.default.svc.cluster.local', port: 80, timeout: '2s' }

test('policies come into force as they are pushed, and go', async () => {
  await using scene = await openMeshScene()
  const events: AuditEvent[] = []
  const shop = await scene.serve('shop', 'v1', served, { audit: (event) => void events.push(event) })
  const caller = scene.join()
  await caller.ready({ timeoutMs: 10_000 })
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
    const answer = await caller.fetch(`http://shop${path}`, { headers })
    return [answer.status, await answer.text()]
  }
  expect(await ask('/admin')).toEqual([200, 'served /admin to nobody'])

  await scene.apply(policy('guard', { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/admin*'] } }] }] }))
  expect(await ask('/admin')).toEqual([403, 'RBAC: access denied'])
  expect((await ask('/x/../admin'))[0]).toBe(403)
  expect(await ask('/a/./b')).toEqual([200, 'served /a/b to nobody'])
  await poll(() => events.length === 2, 'two entries')
  expect(events[0]).toMatchObject({ decision: 'denied', policy: 'default/guard', path: '/admin', method: 'GET' })
  const metrics = await shop.metrics.metrics()
  expect(metrics).toMatch(/weft_authorization_decisions_total\{service="shop\.default[^"]*",decision="denied"\} 2/)
  expect(metrics).toMatch(/istio_requests_total\{[^}]*response_code="403"[^}]*\} 2/)

  const key = issuerKey('k')
  const rule = { issuer: 'https://i', jwks: jwksOf(key), outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] }
  await scene.apply(
    requestAuthentication('tokens', { jwtRules: [rule] }),
    policy('guard', { rules: [{ from: [{ source: { requestPrincipals: ['https://i/alice'] } }] }] }),
  )
  const bearer = (sub: string) => ({ authorization: `Bearer ${signedToken(key, { iss: 'https://i', sub })}` })
  expect(await ask('/a')).toEqual([403, 'RBAC: access denied'])
  expect(await ask('/a', { 'x-user': 'alice' })).toEqual([403, 'RBAC: access denied'])
  expect((await ask('/a', bearer('bob')))[0]).toBe(403)
  expect(await ask('/a', bearer('alice'))).toEqual([200, 'served /a to alice'])
  expect(await ask('/a', { authorization: 'Bearer x.y.z' })).toMatchObject([401, expect.stringContaining('Jwt')])

  const url = `${scene.control.url}/apis/security.istio.io/v1/namespaces/default`
  for (const path of ['authorizationpolicies/guard', 'requestauthentications/tokens']) {
    expect((await fetch(`${url}/${path}?wait=5s`, { method: 'DELETE' })).status).toBe(200)
  }
  await poll(async () => (await ask('/admin'))[0] === 200, 'the policies to go')
})

test('a provider of the mesh is asked through the mesh, and whoever cannot be asked denies', async () => {
  await using scene = await openMeshScene()
  await scene.serve('shop', 'v1', served)
  const guard = await scene.serve('guard', 'v1', (request, response) => {
    if (request.headers['x-pass'] === 'open') response.writeHead(200, { 'x-user': 'guest' }).end()
    else response.writeHead(401, { 'x-why': 'no pass' }).end('who are you?')
  })
  const caller = scene.join()
  await caller.ready({ timeoutMs: 10_000 })
  const headers = { includeRequestHeadersInCheck: ['x-pass'], headersToUpstreamOnAllow: ['x-user'] }
  await scene.apply(...asks({ envoyExtAuthzHttp: { ...GUARD, ...headers } }))
  const denied = await caller.fetch('http://shop/a')
  expect([denied.status, await denied.text(), denied.headers.get('x-why')]).toEqual([401, 'who are you?', 'no pass'])
  const allowed = await caller.fetch('http://shop/a', { headers: { 'x-pass': 'open' } })
  expect(await allowed.text()).toBe('served /a to guest')
  expect(await guard.metrics.metrics()).toMatch(
    /istio_requests_total\{[^}]*reporter="destination"[^}]*source_app="shop"/,
  )
  await guard.close({ timeoutMs: 0 })
  const orphaned = await caller.fetch('http://shop/a', { headers: { 'x-pass': 'open' } })
  expect(orphaned.status).toBe(403)
})

test('a provider of the mesh that speaks gRPC', async () => {
  await using scene = await openMeshScene()
  await scene.serve('shop', 'v1', served)
  const guard = scene.join({ service: 'guard' })
  await guard.serve(
    async (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const isPassed = Buffer.concat(chunks).includes('x-pass')
      // CheckResponse: `status { code: 7 }`, or nothing, which allows.
      const message = isPassed ? Buffer.alloc(0) : Buffer.from([0x0a, 0x02, 0x08, 0x07])
      const prefix = Buffer.from([0, 0, 0, 0, message.length])
      response.writeHead(200, { 'content-type': 'application/grpc' })
      response.addTrailers({ 'grpc-status': '0' })
      response.end(Buffer.concat([prefix, message]))
    },
    { host: '127.0.0.1', protocol: 'http2' },
  )
  await guard.ready({ timeoutMs: 10_000 })
  const caller = scene.join()
  await caller.ready({ timeoutMs: 10_000 })
  await scene.apply(...asks({ envoyExtAuthzGrpc: GUARD }))
  expect((await caller.fetch('http://shop/a')).status).toBe(403)
  expect((await caller.fetch('http://shop/a', { headers: { 'x-pass': '1' } })).status).toBe(200)
})
