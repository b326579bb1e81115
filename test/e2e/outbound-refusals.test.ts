import { createReadStream } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import {
  CLUSTER,
  closedPort,
  hostTable,
  localEndpoint,
  outboundHarness,
  REVIEWS,
  startUpstream,
} from '../support/outbound.ts'
import { wireCluster, wireRoute } from '../support/wire.ts'

describe('the mesh answers itself', () => {
  const local = async (mesh: ReturnType<typeof outboundHarness>, url = 'http://reviews/') => {
    const response = await mesh.outbound.fetch(url)
    const { headers } = response
    const text = await response.text()
    const error = headers.get('x-weft-error')
    return { refusal: [response.status, error, headers.get('x-weft-response-flags')], text }
  }

  test('404 NR where no route matches', async () => {
    const routes = [wireRoute(CLUSTER, { match: { path: { prefix: '/only' } } })]
    await using mesh = outboundHarness({ routes })
    const text = expect.stringContaining('no route of reviews')
    expect(await local(mesh)).toEqual({ refusal: [404, 'WEFT_NO_ROUTE', 'NR'], text })
    expect(mesh.recorder.calls).toMatchObject([{ status: 404, flags: 'NR', service: { name: 'reviews' } }])
  })

  test('and lets a body go that it has not read: its file would stay open', async () => {
    await using mesh = outboundHarness({ endpoints: [localEndpoint(await closedPort())] })
    for (const url of ['http://reviews:81/', 'http://reviews/']) {
      const body = createReadStream(import.meta.filename)
      const asked = mesh.outbound.request(url, { method: 'POST', body }).then(({ body: answer }) => answer.dump())
      await asked.catch(() => undefined)
      expect([url, body.destroyed]).toEqual([url, true])
    }
  })

  test('404 NR on a port that is not served', async () => {
    await using mesh = outboundHarness()
    expect((await local(mesh, 'http://reviews:81/')).refusal).toEqual([404, 'WEFT_NO_ROUTE', 'NR'])
  })

  test('404 NR for a host that is no more', async () => {
    await using mesh = outboundHarness()
    mesh.policy.set({ routes: new Map([[REVIEWS, 'absent']]) })
    expect((await local(mesh)).refusal).toEqual([404, 'WEFT_NO_ROUTE', 'NR'])
  })

  test('503 NC for a cluster that nobody knows', async () => {
    await using mesh = outboundHarness({ routes: [wireRoute('outbound|80|v9|reviews')] })
    expect((await local(mesh)).refusal).toEqual([503, 'WEFT_NO_CLUSTER', 'NC'])
  })

  test('503 UH without endpoints', async () => {
    await using mesh = outboundHarness()
    expect((await local(mesh)).refusal).toEqual([503, 'WEFT_NO_HEALTHY_UPSTREAM', 'UH'])
    const { statusCode, body } = await mesh.outbound.request('http://reviews/')
    expect([statusCode, await body.text()]).toMatchObject([503, expect.stringContaining('no endpoints')])
  })

  test('a HEAD gets no body', async () => {
    await using mesh = outboundHarness()
    const { statusCode, body } = await mesh.outbound.request('http://reviews/', { method: 'HEAD' })
    expect([statusCode, await body.text()]).toEqual([503, ''])
  })

  test('503 UO beyond maxRequests', async () => {
    await using upstream = await startUpstream((_request, response) => void setTimeout(() => response.end(), 50))
    const circuitBreakers = { maxConnections: 100, maxPendingRequests: 100, maxRequests: 2, maxRetries: 1 }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster: { circuitBreakers } })
    const responses = await Promise.all(Array.from({ length: 5 }, () => mesh.outbound.fetch('http://reviews/')))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503, 503])
    expect(mesh.recorder.events).toEqual(['overflow:requests', 'overflow:requests', 'overflow:requests'])
    await vi.waitFor(() => expect(mesh.outbound.active).toBe(0))
    expect((await local(mesh)).refusal).toEqual([200, null, null])
  })

  test('503 UO beyond maxConnections and maxPendingRequests, and those that wait get their turn', async () => {
    await using upstream = await startUpstream((_request, response) => void setTimeout(() => response.end('ok'), 30))
    const circuitBreakers = { maxConnections: 1, maxPendingRequests: 2, maxRequests: 100, maxRetries: 1 }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster: { circuitBreakers } })
    const responses = await Promise.all(Array.from({ length: 5 }, () => mesh.outbound.fetch('http://reviews/')))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503])
    expect(mesh.recorder.events).toEqual(['overflow:pending', 'overflow:pending'])
    expect(upstream.connections).toBe(1)
  })

  test('503 UO or the fallback of the policy while the breaker is open', async () => {
    await using upstream = await startUpstream((_request, response) => void response.writeHead(500).end())
    const breaker = {
      errorThresholdPercentage: 50,
      requestVolumeThreshold: 3,
      rollingWindowMs: 10_000,
      openDurationMs: 60_000,
    }
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], cluster: { errorRateBreaker: breaker } })
    for (let call = 0; call < 4; call++) await local(mesh)
    expect((await local(mesh)).refusal).toEqual([503, 'WEFT_CIRCUIT_OPEN', 'UO'])
    const response = { status: 218, headers: { 'content-type': 'application/json' }, body: '[]' }
    const other = 'outbound|80||ratings'
    await using backup = await startUpstream((_request, answer) => void answer.end('backup'))
    mesh.clusters.upsert(wireCluster({ name: other }), new Map([['b', backup.endpoint]]))
    for (const fallback of [{ response }, { cluster: other }] as const) {
      mesh.setCluster({ errorRateBreaker: { ...breaker, fallback } }, [upstream.endpoint])
      for (let call = 0; call < 4; call++) await local(mesh)
    }
    expect((await local(mesh)).text).toBe('backup')
    expect(upstream.seen.length).toBeLessThan(14)
  })
})

describe('policy that has not come yet', () => {
  test('a host seen first is followed, and its calls wait in order for its routes', async () => {
    await using upstream = await startUpstream((_request, response) => void response.end())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], ready: false })
    mesh.policy.set({ hosts: hostTable() })
    const calls = [1, 2, 3].map((path) => mesh.outbound.fetch(`http://reviews/${path}`))
    expect(mesh.policy.followed).toContain(REVIEWS)
    mesh.setRoutes([wireRoute(CLUSTER)])
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(upstream.seen.map(({ url }) => url).sort()).toEqual(['/1', '/2', '/3'])
  })

  test('a known host whose routes do not come answers 503 after a second', async () => {
    await using mesh = outboundHarness({ ready: false })
    mesh.policy.set({ hosts: hostTable() })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, response.headers.get('x-weft-response-flags')]).toEqual([503, 'UH'])
    expect(mesh.recorder.calls[0]?.durationMs).toBeGreaterThanOrEqual(990)
  })

  test('without any host index a call passes through after a second, by request and by fetch', async () => {
    await using upstream = await startUpstream((_request, response, body) => void response.end(`outside ${body}`))
    await using mesh = outboundHarness({ ready: false })
    const url = `http://127.0.0.1:${upstream.port}/`
    const [requested, fetched] = await Promise.all([
      mesh.outbound.request(url, { method: 'POST', body: 'r' }),
      mesh.outbound.fetch(url, { method: 'POST', body: 'f' }),
    ])
    expect(await requested.body.text()).toBe('outside r')
    expect(await fetched.text()).toBe('outside f')
    expect(mesh.recorder.calls).toEqual([])
    expect(mesh.outbound.active).toBe(0)
  })
})
