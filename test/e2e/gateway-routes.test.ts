import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Mesh } from '@weft/mesh-client'
import { describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { backend, httpRoute, l4Route } from '../support/gateway-routes.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

/** Answers with the version and what it was asked. */
const tell =
  (version: string) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('x-version', version)
    response.end(JSON.stringify({ version, path: request.url, headers: request.headers }))
  }

interface Told {
  readonly version: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** The services `reviews-v1` and `reviews-v2`, and `reviews`, which stands for both. */
async function openReviews(): Promise<MeshScene> {
  const scene = await openMeshScene()
  await scene.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews' },
    spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 80 }] },
  })
  for (const version of ['v1', 'v2'])
    await scene.serve(`reviews-${version}`, version, tell(version), { labels: { app: 'reviews' } })
  return scene
}

async function ask(mesh: Mesh, path = '/', headers: Record<string, string> = {}): Promise<Told> {
  const response = await mesh.fetch(`http://reviews.default${path}`, { headers })
  expect(response.status).toBe(200)
  return (await response.json()) as Told
}

const v1 = { backendRefs: [backend('reviews-v1')] }

describe('routes of Gateway API', () => {
  test('of the service are for every caller, until one has its own; gone, the service is called again', async () => {
    await using scene = await openReviews()
    const here = scene.join({ service: 'here' })
    const shop = scene.join({ service: 'shop', namespace: 'shop' })
    await ask(here)
    await ask(shop)
    await scene.apply(httpRoute('producer', 'reviews', [{ ...v1, matches: [{ path: { value: '/only' } }] }]))
    expect((await ask(here, '/only/this')).version).toBe('v1')
    expect((await shop.fetch('http://reviews.default/other')).status).toBe(404)

    await scene.apply(
      httpRoute('shop/consumer', 'reviews', [{ backendRefs: [backend('reviews-v2', { namespace: 'default' })] }], {
        namespace: 'default',
      }),
    )
    expect((await ask(shop, '/other')).version).toBe('v2')
    expect((await here.fetch('http://reviews/other')).status).toBe(404)

    const routes = `${scene.control.url}/apis/gateway.networking.k8s.io/v1/namespaces`
    await call(`${routes}/shop/httproutes/consumer?wait=5s`, 'DELETE')
    expect((await shop.fetch('http://reviews.default/other')).status).toBe(404)
    await call(`${routes}/default/httproutes/producer?wait=5s`, 'DELETE')
    expect((await shop.fetch('http://reviews.default/other')).status).toBe(200)
    expect(scene.warnings).toEqual([])
  })

  test('stand among the VirtualServices of the host by the rule of Istio', async () => {
    await using scene = await openReviews()
    const here = scene.join({ service: 'here' })
    const shop = scene.join({ service: 'shop', namespace: 'shop' })
    const versions = async (): Promise<string[]> => [(await ask(here)).version, (await ask(shop)).version]
    const virtualService = (exportTo: readonly string[]): object => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: { hosts: ['reviews'], exportTo, http: [{ route: [{ destination: { host: 'reviews-v2' } }] }] },
    })
    await scene.apply(virtualService(['*']))
    expect(await versions()).toEqual(['v2', 'v2'])
    await scene.apply(httpRoute('producer', 'reviews', [v1]))
    expect((await ask(here)).version).toBe('v1')
    await scene.apply(virtualService(['shop']))
    expect(await versions()).toEqual(['v1', 'v2'])
    await scene.apply(virtualService(['.']))
    expect(await versions()).toEqual(['v2', 'v1'])
  })

  test('run filters of the rule and then of the backend, and the routes of a backend are not looked at', async () => {
    await using scene = await openReviews()
    const mesh = scene.join({ service: 'here' })
    const modify = (set: object): object => ({ type: 'RequestHeaderModifier', requestHeaderModifier: set })
    await scene.apply(
      httpRoute('of-the-backend', 'reviews-v1', [{ filters: [{ type: 'RequestRedirect', requestRedirect: {} }] }]),
      httpRoute('producer', 'reviews', [
        {
          matches: [{ path: { value: '/shop' } }],
          filters: [
            modify({ set: [{ name: 'x-who', value: 'rule' }], add: [{ name: 'x-list', value: 'b' }] }),
            {
              type: 'URLRewrite',
              urlRewrite: {
                hostname: 'inner.example.com',
                path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' },
              },
            },
          ],
          backendRefs: [
            backend('reviews-v1', {
              filters: [modify({ set: [{ name: 'x-who', value: '100% v1' }], add: [{ name: 'x-list', value: 'c' }] })],
            }),
          ],
        },
      ]),
    )
    const { version, path, headers } = await ask(mesh, '/shop/cart?id=1', { 'x-list': 'a' })
    expect({ version, path, host: headers.host, who: headers['x-who'] }).toEqual({
      version: 'v1',
      path: '/cart?id=1',
      host: 'inner.example.com',
      who: '100% v1',
    })
    expect(headers['x-list']?.replaceAll(' ', '')).toBe('a,b,c')
  })

  test('answer 500 for a backend that is not there, until it comes, and 503 for one that nobody serves', async () => {
    await using scene = await openReviews()
    const mesh = scene.join({ service: 'here' })
    await scene.apply(httpRoute('producer', 'reviews', [{ backendRefs: [backend('later')] }]))
    const status = async (): Promise<number> => (await mesh.fetch('http://reviews/')).status
    expect(await status()).toBe(500)
    await scene.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'later' },
      spec: { selector: { app: 'later' }, ports: [{ name: 'http', port: 80 }] },
    })
    expect(await status()).toBe(503)
    await scene.serve('later', 'v3', tell('v3'), { labels: { app: 'later' } })
    await poll(async () => (await status()) === 200, 'the backend that came')
  })

  test('retry what takes too long or answers a code, and no more often than they say', async () => {
    await using scene = await openMeshScene()
    let asked = 0
    await scene.serve('slow', 'v1', (request, response) => {
      asked++
      if (request.url === '/code') response.writeHead(asked === 3 ? 200 : 503).end()
      else if (asked === 3) response.end()
    })
    const mesh = scene.join({ service: 'here' })
    const rule = (retry: object): object => ({
      backendRefs: [backend('slow')],
      timeouts: { request: '10s', backendRequest: '200ms' },
      retry,
    })
    await scene.apply(httpRoute('slow', 'slow', [rule({ attempts: 2, codes: [503], backoff: '30ms' })]))
    for (const path of ['/code', '/late']) {
      asked = 0
      const began = performance.now()
      expect((await mesh.fetch(`http://slow${path}`)).status).toBe(200)
      expect(asked).toBe(3)
      // Two pauses, each of 30 ms at least; timers may be early by a fraction.
      expect(performance.now() - began).toBeGreaterThan(58)
    }
    await scene.apply(httpRoute('slow', 'slow', [rule({ attempts: 1 })]))
    asked = 3
    expect((await mesh.fetch('http://slow/late')).status).toBe(504)
    expect(asked).toBe(5)
  })

  test('retry within the budget that an XBackendTrafficPolicy gives the service', async () => {
    await using scene = await openMeshScene()
    let asked = 0
    await scene.serve('failing', 'v1', (_request, response) => {
      asked++
      response.writeHead(503).end()
    })
    const mesh = scene.join({ service: 'here' })
    const budget = { percent: 0, interval: '1m' }
    await scene.apply(
      httpRoute('failing', 'failing', [
        { backendRefs: [backend('failing')], retry: { attempts: 3, codes: [503], backoff: '1ms' } },
      ]),
      {
        apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
        kind: 'XBackendTrafficPolicy',
        metadata: { name: 'failing' },
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 'failing' }],
          retryConstraint: { budget, minRetryRate: { count: 5, interval: '1m' } },
        },
      },
    )
    for (let sent = 0; sent < 10; sent++) expect((await mesh.fetch('http://failing/')).status).toBe(503)
    expect(asked).toBe(10 + 5)
  })

  test('mirror a copy, whose answer nobody waits for', async () => {
    await using scene = await openReviews()
    const copies: string[] = []
    await scene.serve('shadow', 'v1', (request, response) => {
      let text = ''
      request.on('data', (part) => {
        text += part
      })
      request.on('end', () => {
        copies.push(text)
        response.writeHead(500).end()
      })
    })
    const mesh = scene.join({ service: 'here' })
    const mirror = { type: 'RequestMirror', requestMirror: { backendRef: backend('shadow') } }
    await scene.apply(httpRoute('producer', 'reviews', [{ ...v1, filters: [mirror] }]))
    const response = await mesh.fetch('http://reviews/', { method: 'POST', body: 'order' })
    expect(response.headers.get('x-version')).toBe('v1')
    await poll(() => copies.length === 1, 'the copy')
    expect(copies).toEqual(['order'])
  })

  test('split the requests of a port that a TCPRoute rules as its connections', async () => {
    await using scene = await openReviews()
    const mesh = scene.join({ service: 'here' })
    await scene.apply(l4Route('tcp', 'reviews', [backend('reviews-v2')]))
    expect((await ask(mesh)).version).toBe('v2')
  })
})

describe('routes of connections', () => {
  /** What an instance greets with, or why there is no connection. */
  function greeting(mesh: Mesh, servername?: string): Promise<string> {
    const socket = mesh.connect({ host: 'db', port: 90, ...(servername === undefined ? {} : { servername }) })
    return new Promise((resolve) => {
      socket.once('data', (chunk) => {
        resolve(String(chunk))
        socket.destroy()
      })
      socket.once('error', (error) => resolve(error.message))
    })
  }

  test('lead to the backends of a TCPRoute, or of the TLSRoute for the server name, by weight', async () => {
    await using scene = await openMeshScene()
    for (const name of ['db', 'db-v1', 'db-v2']) {
      const mesh = scene.join({ service: name })
      await mesh.serve((socket) => void socket.end(name), { host: '127.0.0.1', servicePort: 90, protocol: 'tcp' })
      await mesh.ready({ timeoutMs: 10_000 })
    }
    const caller = scene.join({ service: 'caller' })
    expect(await greeting(caller)).toBe('db')
    const on = (name: string, more: object = {}): object => backend(name, { port: 90, ...more })
    await scene.apply(l4Route('split', 'db', [on('db-v1', { weight: 1 }), on('db-v2', { weight: 1 })]))
    const greeted = new Set<string>()
    await poll(async () => greeted.add(await greeting(caller)).size === 2, 'both backends')
    expect(greeted).toEqual(new Set(['db-v1', 'db-v2']))

    await scene.apply(l4Route('by-name', 'db', [on('db-v2')], ['*.example.com']))
    expect(await greeting(caller, 'a.example.com')).toBe('db-v2')
    await scene.apply(l4Route('by-name', 'db', [on('gone')], ['*.example.com']))
    expect(await greeting(caller, 'a.example.com')).not.toMatch(/^db/)
  })
})

test('a route says when it is read what has become of it', async () => {
  await using scene = await openReviews()
  const url = `${scene.control.url}/apis/gateway.networking.k8s.io/v1beta1/namespaces/default/httproutes/producer`
  const route = httpRoute('producer', 'reviews', [{ backendRefs: [backend('later')] }])
  await scene.apply(route)
  const { body } = await call(url, 'GET')
  expect(body.status.parents).toMatchObject([
    {
      parentRef: { kind: 'Service', name: 'reviews' },
      controllerName: 'mesh.weft.dev/control-server',
      conditions: [
        { type: 'Accepted', status: 'True' },
        { type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound' },
      ],
    },
  ])
  expect((await call(url, 'PUT', body)).status).toBe(200)
  expect(
    (await call(`${scene.control.url}/api/v1/namespaces/default/services/reviews`, 'GET')).body,
  ).not.toHaveProperty('status')
})

test('a service shows the split of its HTTPRoute', async () => {
  await using scene = await openReviews()
  const split = async (): Promise<unknown> =>
    (await call(`${scene.control.url}/v1/services/default/reviews`, 'GET')).body.split
  expect(await split()).toEqual([])
  const backendRefs = [backend('reviews-v1', { weight: 9 }), backend('reviews-v2')]
  await scene.apply(httpRoute('producer', 'reviews', [{ matches: [{ method: 'GET' }], ...v1 }, { backendRefs }]))
  expect(await split()).toEqual([
    { host: 'reviews-v1.default.svc.cluster.local', subset: '', weight: 9 },
    { host: 'reviews-v2.default.svc.cluster.local', subset: '', weight: 1 },
  ])
})

test('a canary is refused where an HTTPRoute rules', async () => {
  await using scene = await openReviews()
  await scene.apply(httpRoute('producer', 'reviews-v1', [v1]))
  const canary = `${scene.control.url}/v1/services/default/reviews-v1/canary`
  const refused = await call(canary, 'PUT', { subset: 'v2', weight: 10 })
  expect(refused.status).toBe(409)
  expect(refused.body.message).toContain('HTTPRoute default/producer rules reviews-v1.default.svc.cluster.local')
})

test('a browser is answered by the workloads of a service as the CORS filter of its route says', async () => {
  await using scene = await openMeshScene()
  const mesh = scene.join({ service: 'reviews' })
  const server = await mesh.serve(createServer(tell('v1')), { host: '127.0.0.1' })
  await mesh.ready({ timeoutMs: 10_000 })
  const cors = { type: 'CORS', cors: { allowOrigins: ['https://*.example.com'], allowMethods: ['PUT'], maxAge: 60 } }
  await scene.apply(httpRoute('producer', 'reviews', [{ filters: [cors], backendRefs: [backend('reviews')] }]))
  const from = async (origin: string): Promise<Response> =>
    fetch(server.url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })
  await poll(async () => (await from('https://shop.example.com')).headers.has('access-control-max-age'), 'the policy')
  const allowed = await from('https://shop.example.com')
  expect(Object.fromEntries(allowed.headers)).toMatchObject({
    'access-control-allow-origin': 'https://shop.example.com',
    'access-control-allow-methods': 'PUT',
    'access-control-max-age': '60',
  })
  expect((await from('https://example.org')).headers.has('access-control-allow-origin')).toBe(false)
})
