import { DEFAULT_RETRY_POLICY, type Fault } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import { countedTimers } from '../support/counted-timers.ts'
import { CLUSTER, outboundHarness, startUpstream, type Upstream } from '../support/outbound.ts'
import { type WireRoute, wireRoute } from '../support/wire.ts'

const RETRYING = { ...DEFAULT_RETRY_POLICY, retryOn: ['5xx', 'gateway-error'], numRetries: 3 }

function faulty(fault: Fault, timeoutMs = 0): WireRoute {
  return wireRoute('faulty', {
    route: { clusters: [{ cluster: CLUSTER, weight: 1 }], timeoutMs, retryPolicy: RETRYING },
    fault,
  })
}

function ok(): Promise<Upstream> {
  return startUpstream((_request, response) => void response.end('fine'))
}

describe('an abort', () => {
  test('answers by itself: never sent, never retried, never taught', async () => {
    await using upstream = await ok()
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: [faulty({ abort: { percent: 100, httpStatus: 503 } })],
    })
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'a' })
    expect([response.statusCode, await response.body.text()]).toEqual([503, 'fault filter abort'])
    expect(response.headers).toMatchObject({
      'x-weft-error': 'WEFT_FAULT_INJECTED',
      'x-weft-response-flags': 'FI',
      'content-type': 'text/plain',
    })
    expect(upstream.seen).toHaveLength(0)
    expect(mesh.recorder.calls).toMatchObject([{ status: 503, flags: 'FI' }])
    expect(mesh.recorder.events).toEqual(['fault:abort'])
    expect(mesh.outbound.active).toBe(0)
  })

  test('with a gRPC status is a response of headers only', async () => {
    await using mesh = outboundHarness({ routes: [faulty({ abort: { percent: 100, grpcStatus: 14 } })] })
    const response = await mesh.outbound.request('http://reviews/')
    expect([response.statusCode, await response.body.text()]).toEqual([200, ''])
    expect(response.headers).toMatchObject({
      'content-type': 'application/grpc',
      'grpc-status': '14',
      'grpc-message': 'fault filter abort',
    })
  })

  test('happens to its share of the calls', async () => {
    await using upstream = await ok()
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: [faulty({ abort: { percent: 40, httpStatus: 418 } })],
    })
    let aborted = 0
    for (let call = 0; call < 300; call++) {
      const response = await mesh.outbound.request('http://reviews/')
      await response.body.dump()
      if (response.statusCode === 418) aborted++
    }
    // Five deviations of the binomial distribution.
    expect(Math.abs(aborted - 120)).toBeLessThan(5 * Math.sqrt(300 * 0.4 * 0.6))
    expect(upstream.seen).toHaveLength(300 - aborted)
  })
})

describe('a delay', () => {
  test('holds the call up and then lets it go on, and shows in telemetry', async () => {
    await using upstream = await ok()
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: [faulty({ delay: { percent: 100, fixedDelayMs: 60 } })],
    })
    const start = performance.now()
    const response = await mesh.outbound.fetch('http://reviews/', { method: 'POST', body: 'kept' })
    expect([response.status, await response.text()]).toEqual([200, 'fine'])
    expect(performance.now() - start).toBeGreaterThanOrEqual(59)
    expect(upstream.seen[0]?.body).toBe('kept')
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: 'DI' }])
    expect(mesh.recorder.events).toEqual(['fault:delay'])
  })

  test('comes before an abort', async () => {
    await using mesh = outboundHarness({
      routes: [faulty({ delay: { percent: 100, fixedDelayMs: 30 }, abort: { percent: 100, httpStatus: 500 } })],
    })
    const response = await mesh.outbound.request('http://reviews/')
    await response.body.dump()
    expect([response.statusCode, response.headers['x-weft-response-flags']]).toEqual([500, 'DI,FI'])
  })

  test('is part of the time that the call has', async () => {
    const timers = countedTimers()
    await using upstream = await ok()
    await using mesh = outboundHarness({
      timers,
      endpoints: [upstream.endpoint],
      routes: [faulty({ delay: { percent: 100, fixedDelayMs: 60_000 } }, 50)],
    })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, response.headers.get('x-weft-response-flags')]).toEqual([504, 'DI,UT'])
    expect(upstream.seen).toHaveLength(0)
    expect(timers.holding).toBe(0)
  })

  test('ends with the mesh, as does the pause before a retry', async () => {
    const timers = countedTimers()
    await using upstream = await startUpstream((_request, response) => void response.writeHead(503).end())
    const retryBackOff = { baseIntervalMs: 1, maxIntervalMs: 1, minIntervalMs: 60_000 }
    const retryPolicy = { ...RETRYING, retryBackOff }
    const clusters = [{ cluster: CLUSTER, weight: 1 }]
    const mesh = outboundHarness({
      timers,
      endpoints: [upstream.endpoint],
      routes: [
        { ...faulty({ delay: { percent: 100, fixedDelayMs: 60_000 } }), match: { path: { exact: '/held' } } },
        wireRoute('retrying', { route: { clusters, timeoutMs: 0, retryPolicy } }),
      ],
    })
    const held = expect(mesh.outbound.request('http://reviews/held')).rejects.toThrow('the test is over')
    const retried = expect(mesh.outbound.request('http://reviews/')).rejects.toThrow('the test is over')
    await vi.waitFor(() => expect([timers.holding, upstream.seen.length]).toEqual([2, 1]))
    await mesh[Symbol.asyncDispose]()
    await Promise.all([held, retried])
    expect([timers.holding, mesh.outbound.active]).toEqual([0, 0])
  })

  test('ends when its caller gives up, and leaves nothing', async () => {
    const timers = countedTimers()
    await using upstream = await ok()
    await using mesh = outboundHarness({
      timers,
      endpoints: [upstream.endpoint],
      routes: [faulty({ delay: { percent: 100, fixedDelayMs: 60_000 } })],
    })
    const abort = new AbortController()
    const call = mesh.outbound.fetch('http://reviews/', { signal: abort.signal, method: 'POST', body: 'a' })
    await vi.waitFor(() => expect(timers.holding).toBe(1))
    abort.abort()
    await expect(call).rejects.toThrow('aborted')
    expect([timers.holding, mesh.outbound.active, upstream.seen.length]).toEqual([0, 0, 0])
    expect(mesh.recorder.calls).toMatchObject([{ status: 0, flags: 'DI,DC' }])
  })
})

test('a route that answers by itself, a rewritten path, and a cluster that is not there', async () => {
  await using upstream = await ok()
  const to = (path: string, action: Partial<WireRoute['route']>): WireRoute =>
    wireRoute(CLUSTER, {
      match: { path: { prefix: path } },
      route: { clusters: [{ cluster: CLUSTER, weight: 1 }], timeoutMs: 0, retryPolicy: RETRYING, ...action },
    })
  await using mesh = outboundHarness({
    endpoints: [upstream.endpoint],
    routes: [
      { name: 'moved', match: { path: { prefix: '/old' } }, redirect: { responseCode: 302, pathRedirect: '/new' } },
      { name: 'fixed', match: { path: { prefix: '/fixed' } }, directResponse: { status: 203, body: 'from the route' } },
      to('/api/', { prefixRewrite: '/', mark: { key: 'canary', value: 'v 2' } }),
      to('/gone', { clusters: [{ cluster: 'nowhere', weight: 1 }], clusterNotFoundResponseCode: 500 }),
    ],
  })
  const moved = await mesh.outbound.request('http://reviews/old?a=1')
  expect([moved.statusCode, moved.headers.location]).toEqual([302, 'http://reviews/new?a=1'])
  expect(moved.headers).not.toHaveProperty('x-weft-error')
  await moved.body.dump()
  const fixed = await mesh.outbound.fetch('http://reviews/fixed')
  expect([fixed.status, await fixed.text(), fixed.headers.get('x-weft-error')]).toEqual([203, 'from the route', null])
  await (await mesh.outbound.fetch('http://reviews/api/a?b', { headers: { baggage: 'x=1,canary=v1' } })).text()
  expect(upstream.seen).toMatchObject([{ url: '/a?b', headers: { baggage: 'x=1,canary=v%202' } }])
  const gone = await mesh.outbound.fetch('http://reviews/gone')
  expect([gone.status, gone.headers.get('x-weft-response-flags')]).toEqual([500, 'NC'])
  expect(mesh.recorder.calls.map(({ status, flags }) => [status, flags])).toEqual([
    [302, '-'],
    [203, '-'],
    [200, '-'],
    [500, 'NC'],
  ])
})
