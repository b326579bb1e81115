import { type ClusterWeight, DEFAULT_RETRY_POLICY, type HeaderMutations, type RouteAction } from '@weft/mesh-protocol'
import { Agent, request as undiciRequest } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import type { Tracing } from '../../packages/mesh-client/src/kernel/tracing.ts'
import { CLUSTER, outboundHarness, startUpstream } from '../support/outbound.ts'
import { wireRoute } from '../support/wire.ts'

function routeTo(action: Partial<RouteAction>, mutations: HeaderMutations = {}) {
  const clusters: ClusterWeight[] = [{ cluster: CLUSTER, weight: 1 }]
  return wireRoute('main', {
    ...mutations,
    route: { clusters, timeoutMs: 0, retryPolicy: DEFAULT_RETRY_POLICY, ...action },
  })
}

describe('a call to a host of the mesh', () => {
  test('request reaches an endpoint and comes back', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('hello'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const response = await mesh.outbound.request('http://reviews/reviews/7?a=1')
    expect(response.statusCode).toBe(200)
    expect(await response.body.text()).toBe('hello')
    expect(upstream.seen).toMatchObject([{ method: 'GET', url: '/reviews/7?a=1', headers: { host: 'reviews' } }])
  })

  test('fetch is the platform fetch: its Response, its Request, its streams', async () => {
    await using upstream = await startUpstream((_request, response, body) => void response.end(`got ${body}`))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const request = new Request('http://reviews/x', { method: 'POST', body: 'abc', headers: { 'x-a': '1' } })
    const response = await mesh.outbound.fetch(request)
    expect(response).toBeInstanceOf(Response)
    expect(await response.text()).toBe('got abc')
    expect(upstream.seen).toMatchObject([{ method: 'POST', headers: { 'x-a': '1' }, body: 'abc' }])
  })

  test('an init that is another Request keeps what it says', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('ok'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const init = new Request('http://reviews/ignored', { method: 'PUT', headers: { 'x-b': '2' } })
    await mesh.outbound.fetch('http://reviews/y', init)
    expect(upstream.seen).toMatchObject([{ method: 'PUT', url: '/y', headers: { 'x-b': '2' } }])
  })

  test('the dispatcher serves undici.request and the platform fetch of any Node', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('ok'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const { dispatcher } = mesh.outbound
    const response = await undiciRequest('http://reviews.default/', { dispatcher, query: { q: 'a b' } })
    expect(await response.body.text()).toBe('ok')
    expect(await (await fetch('http://reviews.default.svc/', { dispatcher } as RequestInit)).text()).toBe('ok')
    expect(upstream.seen.map(({ url }) => url)).toEqual(['/?q=a%20b', '/'])
  })

  test.each([
    ['short name', 'http://reviews/', 'reviews'],
    ['full name with port', 'http://reviews.default.svc.cluster.local:80/', 'reviews.default.svc.cluster.local'],
  ])('Host is what the caller wrote: %s', async (_name, url, host) => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    await (await mesh.outbound.request(url)).body.dump()
    expect(upstream.seen[0]?.headers.host).toBe(host)
  })

  test('a Host header of the caller is kept, and a rewrite of the route wins over it', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    await (await mesh.outbound.request('http://reviews/', { headers: { Host: 'books.example' } })).body.dump()
    mesh.setRoutes([routeTo({ hostRewrite: 'rewritten.example' })])
    await (await mesh.outbound.request('http://reviews/', { headers: { Host: 'books.example' } })).body.dump()
    expect(upstream.seen.map(({ headers }) => headers.host)).toEqual(['books.example', 'rewritten.example'])
  })

  test('header changes of the route are seen by the upstream and by the caller', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'x-secret': 's', 'set-cookie': ['a=1', 'b=2'], 'x-weft-error': 'forged' }).end()
    })
    const mutations: HeaderMutations = {
      requestHeadersToAdd: [{ name: 'x-added', value: 'yes', appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      requestHeadersToRemove: ['x-removed'],
      responseHeadersToAdd: [{ name: 'x-route', value: 'main', appendAction: 'APPEND_IF_EXISTS_OR_ADD' }],
      responseHeadersToRemove: ['x-secret'],
    }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: [routeTo({}, mutations)] })
    const headers = { 'X-Removed': 'gone', 'X-Twice': ['1', '2'] }
    const { headers: answered } = await mesh.outbound.request('http://reviews/', { headers })
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-added': 'yes', 'x-twice': '1, 2' })
    expect(upstream.seen[0]?.headers['x-removed']).toBeUndefined()
    expect(answered).toMatchObject({ 'x-route': 'main', 'set-cookie': ['a=1', 'b=2'] })
    expect(answered).not.toHaveProperty('x-secret')
    const fetched = await mesh.outbound.fetch('http://reviews/')
    expect(fetched.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(fetched.headers.get('x-weft-error')).toBeNull()
  })

  test('reserved headers of an upstream are stripped without any route changes', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'X-Weft-Response-Flags': 'UH', 'x-other': '1' }).end()
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const { headers } = await mesh.outbound.request('http://reviews/')
    expect(headers).toMatchObject({ 'x-other': '1' })
    expect(headers).not.toHaveProperty('x-weft-response-flags')
  })

  test('so are those among its trailers', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { trailer: 'x-weft-error, x-checksum' })
      response.write('body')
      response.addTrailers({ 'x-weft-error': 'forged', 'x-checksum': '7' })
      response.end()
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const { body, trailers } = await mesh.outbound.request('http://reviews/')
    await body.text()
    expect(trailers).toEqual({ 'x-checksum': '7' })
  })

  test('headers of the context go along where the caller has not set them', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const context = { deadline: undefined, peer: undefined, headers: ['x-request-id', 'ctx', 'x-user', 'ctx'] }
    await mesh.context.run(context, async () => {
      await (await mesh.outbound.request('http://reviews/', { headers: { 'X-User': 'own' } })).body.dump()
    })
    expect(upstream.seen[0]?.headers).toMatchObject({ 'x-request-id': 'ctx', 'x-user': 'own' })
    expect(upstream.seen[0]?.headers['x-weft-peer']).toMatch(/^productpage-v1;default;/)
  })

  test('a finished call is told to the recorder once, with its bytes and its peer', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('0123456789'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'abcdef' })
    await response.body.text()
    expect(mesh.recorder.calls).toHaveLength(1)
    const [record] = mesh.recorder.calls
    expect(record).toMatchObject({
      reporter: 'source',
      status: 200,
      flags: '-',
      service: { name: 'reviews', namespace: 'default' },
      peer: { workload: 'reviews-1' },
    })
    expect(record?.requestBytes).toBeGreaterThan(60)
    expect(record?.responseBytes).toBeGreaterThan(60)
    expect(record?.durationMs).toBeGreaterThan(0)
  })

  test('the connection is kept and used again', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('x'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    for (let call = 0; call < 20; call++) await (await mesh.outbound.request('http://reviews/')).body.text()
    // undici keeps a connection back for one turn of the event loop, so that the next call may open a second one.
    expect(upstream.connections).toBeLessThanOrEqual(2)
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test.each([
    ['transfer-encoding', { 'transfer-encoding': 'chunked' }],
    ['a second host', ['host', 'a', 'host', 'b']],
    ['a header value with a line break', { 'x-a': 'a\r\nb: c' }],
  ])('%s by hand gives the error of undici', async (_name, headers) => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const body = { method: 'POST', body: 'a', headers } as const
    await expect(mesh.outbound.request('http://reviews/', body)).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    if ('transfer-encoding' in headers) {
      await expect(mesh.outbound.fetch('http://reviews/', { ...body, headers })).rejects.toThrow(TypeError)
    }
    expect(mesh.states()[0]?.active).toBe(0)
    expect(upstream.seen).toEqual([])
  })

  test('1xx responses are given on', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('ok')
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const hints: number[] = []
    const onInfo = ({ statusCode }: { statusCode: number }): void => void hints.push(statusCode)
    const response = await mesh.outbound.request('http://reviews/', { onInfo })
    expect(await response.body.text()).toBe('ok')
    expect(hints).toEqual([103])
  })

  test('an upgrade goes through', async () => {
    await using upstream = await startUpstream(() => undefined)
    upstream.server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello')
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const options = { path: '/', origin: 'http://reviews', protocol: 'echo' }
    const { socket, headers } = await mesh.outbound.dispatcher.upgrade(options)
    expect(headers).toMatchObject({ upgrade: 'echo' })
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toBe('hello')
    expect(mesh.recorder.calls).toMatchObject([{ status: 101 }])
    expect(mesh.outbound.active).toBe(0)
  })
})

describe('traces', () => {
  test('one span a call: its context is injected, attempts run within it, it ends once', async () => {
    let count = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(count++ === 0 ? 503 : 200).end()
    })
    const log: string[] = []
    const tracing: Tracing = {
      inject: () => undefined,
      startServer: () => undefined,
      startClient: ({ method, scheme, host, port, path }) => {
        log.push(`start ${method} ${scheme} ${host} ${port} ${path}`)
        return {
          inject: (set) => set('traceparent', 'injected'),
          run: (action) => {
            log.push('run')
            return action()
          },
          attempt: (endpoint, resend) => void log.push(`attempt ${endpoint.port === upstream.port} ${resend}`),
          end: ({ status, flags, error }) => void log.push(`end ${status} ${flags} ${error}`),
        }
      },
    }
    const retryPolicy = { ...DEFAULT_RETRY_POLICY, retryOn: ['5xx'] }
    const routes = [routeTo({ retryPolicy })]
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes, tracing })
    const headers = { traceparent: 'stale' }
    await (await mesh.outbound.request('http://reviews:80/x?y', { headers })).body.dump()
    expect(upstream.seen.map((request) => request.headers.traceparent)).toEqual(['injected', 'injected'])
    const attempts = ['attempt true 0', 'run', 'attempt true 1', 'run']
    expect(log).toEqual(['start GET http reviews 80 /x?y', ...attempts, 'end 200 - undefined'])
  })
})

describe('hosts outside of the mesh', () => {
  test('pass untouched: fetch gets the very arguments, the dispatcher the very handler', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end('outside'))
    await using mesh = outboundHarness()
    const url = `http://127.0.0.1:${upstream.port}/`
    expect(await (await mesh.outbound.fetch(url)).text()).toBe('outside')
    expect(await (await mesh.outbound.request(url)).body.text()).toBe('outside')
    expect(upstream.seen.every(({ headers }) => headers['x-weft-peer'] === undefined)).toBe(true)
    expect(mesh.recorder.calls).toEqual([])
    const init = { method: 'POST' }
    const spy = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('mocked'))
    try {
      expect(await (await mesh.outbound.fetch(url, init)).text()).toBe('mocked')
      expect(spy.mock.calls[0]?.[1]).toBe(init)
    } finally {
      spy.mockRestore()
    }
  })

  test('a dispatcher that the process uses for everything keeps them', async () => {
    const place = Symbol.for('undici.globalDispatcher.2')
    const globals = globalThis as unknown as Record<symbol, unknown>
    const before = globals[place]
    await using upstream = await startUpstream((_request, response) => void response.end('outside'))
    await using mesh = outboundHarness()
    const agent = new Agent()
    const dispatch = vi.spyOn(agent, 'dispatch')
    const url = `http://127.0.0.1:${upstream.port}/`
    try {
      globals[place] = agent
      expect(await (await mesh.outbound.request(url)).body.text()).toBe('outside')
      expect(dispatch).toHaveBeenCalledTimes(1)
      // Taken as the process's own, below an interceptor too, it must not go round in circles.
      globals[place] = mesh.outbound.dispatcher.compose((next) => (options, handler) => next(options, handler))
      expect(await (await mesh.outbound.request(url)).body.text()).toBe('outside')
      expect(dispatch).toHaveBeenCalledTimes(1)
    } finally {
      globals[place] = before
      await agent.close()
    }
  })

  test('redirects lead out of the mesh and from host to host', async () => {
    await using outside = await startUpstream((_request, response) => void response.end('outside'))
    await using upstream = await startUpstream((request, response) => {
      const location = request.url === '/out' ? `http://127.0.0.1:${outside.port}/` : 'http://reviews.default/end'
      if (request.url === '/end') response.end('inside')
      else response.writeHead(302, { location }).end()
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const out = await mesh.outbound.fetch('http://reviews/out')
    expect([out.redirected, await out.text()]).toEqual([true, 'outside'])
    expect(await (await mesh.outbound.fetch('http://reviews/in')).text()).toBe('inside')
  })
})

describe('closing', () => {
  test('no call starts any more, and close waits for those under way', async () => {
    await using upstream = await startUpstream((_request, response) => void setTimeout(() => response.end('ok'), 60))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const running = mesh.outbound.request('http://reviews/').then(({ body }) => body.text())
    const closed = mesh.outbound.close()
    await expect(mesh.outbound.request('http://reviews/')).rejects.toMatchObject({ code: 'WEFT_CLOSED' })
    await expect(mesh.outbound.fetch('http://reviews/')).rejects.toMatchObject({ cause: { code: 'WEFT_CLOSED' } })
    await closed
    expect(await running).toBe('ok')
  })
})
