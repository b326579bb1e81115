import { Readable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { MeshError } from '../../packages/mesh-client/src/kernel/errors.ts'
import { closedPort, localEndpoint, outboundHarness, startUpstream, type Upstream } from '../support/outbound.ts'
import { OFF, retrying, statuses } from '../support/outbound-retries.ts'

function meshErrorIn(error: unknown): MeshError | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (MeshError.isMeshError(at)) return at
  return undefined
}

async function failure(action: Promise<unknown>): Promise<Error & { code?: string }> {
  return action.then(
    () => expect.fail('it did not fail'),
    (error: Error) => error,
  )
}

describe('retries by the policy', () => {
  test('a covered status is tried again and the answer of the last attempt is given', async () => {
    await using upstream = await statuses(503, 503, 200)
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: retrying({ retryOn: ['5xx'], numRetries: 3 }),
    })
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'again' })
    expect([response.statusCode, await response.body.text()]).toEqual([200, 'body'])
    expect(upstream.seen.map(({ body }) => body)).toEqual(['again', 'again', 'again'])
    expect(mesh.recorder.events).toEqual(['retry:503', 'retry:503'])
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: '-' }])
    // Responses that were not given on were read to their end: their connections are used again.
    expect(upstream.connections).toBeLessThanOrEqual(2)
  })

  test('retries used up: the last response is given, with flag URX', async () => {
    await using upstream = await statuses(503)
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: retrying({ retryOn: ['gateway-error'], numRetries: 2 }),
    })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, await response.text()]).toEqual([503, 'body'])
    expect(upstream.seen).toHaveLength(3)
    expect(mesh.recorder.calls).toMatchObject([{ status: 503, flags: 'URX' }])
  })

  test.each([
    ['retriable-4xx', 409, 2],
    ['retriable-4xx', 404, 1],
    ['retriable-status-codes', 418, 2],
    ['reset', 503, 1],
  ])('%s and status %d: %d attempts', async (retryOn, status, attempts) => {
    await using upstream = await statuses(status)
    const routes = retrying({ retryOn: [retryOn], numRetries: 1, retriableStatusCodes: [418] })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes })
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(upstream.seen).toHaveLength(attempts)
  })

  test('endpoints that were tried are avoided while another is left', async () => {
    await using bad = await statuses(503)
    await using good = await statuses(200)
    await using mesh = outboundHarness({
      endpoints: [bad.endpoint, good.endpoint],
      routes: retrying({ retryOn: ['5xx'], numRetries: 1 }),
    })
    for (let call = 0; call < 20; call++) {
      const response = await mesh.outbound.fetch('http://reviews/')
      expect(response.status).toBe(200)
      await response.text()
    }
    expect(bad.seen.length).toBeGreaterThan(0)
  })

  test('beyond maxRetries the response is given on, with flag UO', async () => {
    await using upstream = await startUpstream((_request, response) => {
      setTimeout(() => response.writeHead(503).end(), 20)
    })
    const circuitBreakers = { maxConnections: 100, maxPendingRequests: 100, maxRequests: 100, maxRetries: 1 }
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      cluster: { circuitBreakers },
      routes: retrying({ retryOn: ['5xx'], numRetries: 1 }),
    })
    await Promise.all([1, 2, 3].map(() => mesh.outbound.fetch('http://reviews/')))
    expect(upstream.seen).toHaveLength(4)
    expect(mesh.recorder.events.filter((event) => event === 'retryRefused:overflow')).toHaveLength(2)
    expect(mesh.recorder.calls.map(({ flags }) => flags).sort()).toEqual(['UO', 'UO', 'URX'])
  })

  test('a grpc status among the headers is looked at', async () => {
    let count = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'grpc-status': count++ === 0 ? '14' : '0' }).end()
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying({}) })
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(upstream.seen).toHaveLength(2)
  })
})

describe('endless and unread responses of attempts that are not given on', () => {
  test('are cut off', async () => {
    let count = 0
    const closed = vi.fn()
    await using upstream = await startUpstream((_request, response) => {
      if (count++ > 0) return void response.end('good')
      response.writeHead(503)
      response.on('close', closed)
      const flood = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      }
      response.on('drain', flood)
      flood()
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying({ retryOn: ['5xx'] }) })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('good')
    await vi.waitFor(() => expect(closed).toHaveBeenCalled())
  })
})

describe('rules that hold whatever the policy says', () => {
  test('a refused endpoint is left for another, and not picked again', async () => {
    const refused = localEndpoint(await closedPort())
    await using good = await statuses(200)
    await using mesh = outboundHarness({ endpoints: [refused, good.endpoint], routes: retrying(OFF) })
    for (let call = 0; call < 20; call++) {
      const response = await mesh.outbound.fetch('http://reviews/', { method: 'POST', body: 'a' })
      expect(response.status).toBe(200)
      await response.text()
    }
    expect(mesh.recorder.events).toEqual(['retry:connectFailure'])
    expect(good.seen.every(({ body }) => body === 'a')).toBe(true)
  })

  test('all refused: request rejects with the code of the transport, fetch with a TypeError, both with the account', async () => {
    const refused = localEndpoint(await closedPort())
    await using mesh = outboundHarness({ endpoints: [refused], routes: retrying(OFF) })
    const requested = await failure(mesh.outbound.request('http://reviews/'))
    expect(requested.code).toBe('ECONNREFUSED')
    const account = meshErrorIn(requested)
    expect(account).toMatchObject({
      code: 'WEFT_UPSTREAM_CONNECT_FAILURE',
      flags: ['UF'],
      route: 'main',
      endpoint: refused.id,
      attempts: 1,
    })
    expect(account?.message).toContain(refused.id)
    const fetched = await failure(mesh.outbound.fetch('http://reviews/'))
    expect(fetched).toBeInstanceOf(TypeError)
    expect(fetched.cause).toMatchObject({ code: 'ECONNREFUSED' })
    expect(meshErrorIn(fetched)?.code).toBe('WEFT_UPSTREAM_CONNECT_FAILURE')
    expect(mesh.recorder.calls).toMatchObject([
      { status: 0, flags: 'UF' },
      { status: 0, flags: 'UF' },
    ])
  })

  test('a safe request whose connection breaks is sent again once', async () => {
    let count = 0
    await using upstream = await startUpstream((request, response) => {
      if (count++ === 0) request.socket.destroy()
      else response.end('second')
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(OFF) })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('second')
    expect(mesh.recorder.events).toEqual(['retry:reset'])
  })

  test('but not for ever, and not one that is not safe', async () => {
    await using upstream = await startUpstream((request) => void request.socket.destroy())
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(OFF) })
    const error = await failure(mesh.outbound.request('http://reviews/'))
    expect(error.code).toBe('UND_ERR_SOCKET')
    expect(meshErrorIn(error)).toMatchObject({ code: 'WEFT_UPSTREAM_RESET', flags: ['UC'], attempts: 2 })
    await failure(mesh.outbound.request('http://reviews/', { method: 'POST', body: 'a' }))
    expect(upstream.seen).toHaveLength(3)
    await failure(mesh.outbound.request('http://reviews/', { method: 'POST', body: 'a', idempotent: true }))
    expect(upstream.seen).toHaveLength(5)
  })

  test('connections that the server closed while they were kept fail nobody', async () => {
    await using upstream = await statuses(200)
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(OFF) })
    for (let round = 0; round < 10; round++) {
      const responses = await Promise.all([1, 2, 3].map(() => mesh.outbound.fetch('http://reviews/')))
      await Promise.all(responses.map((response) => response.text()))
      upstream.cut()
      if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(mesh.recorder.calls.map(({ status }) => status)).toEqual(Array(30).fill(200))
  })

  test('a connection that breaks in the middle of a response is told to the reader', async () => {
    await using upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setTimeout(() => request.socket.destroy(), 20)
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const { body } = await mesh.outbound.request('http://reviews/')
    const error = await failure(body.text())
    expect(meshErrorIn(error)).toMatchObject({ code: 'WEFT_UPSTREAM_RESET', flags: ['UC'] })
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: 'UC' }])
    expect(upstream.seen).toHaveLength(1)
  })
})

describe('bodies that are sent again', () => {
  const echo = (): Promise<Upstream> => {
    let count = 0
    return startUpstream((_request, response, body) => {
      response.writeHead(count++ === 0 ? 503 : 200).end(String(body.length))
    })
  }

  test.each([
    ['a string', () => 'x'.repeat(5_000)],
    ['a Uint8Array', () => new Uint8Array(5_000)],
    ['a Blob', () => new Blob(['x'.repeat(5_000)])],
    ['a stream', () => Readable.from(['x'.repeat(2_000), 'x'.repeat(3_000)])],
    ['a web stream', () => new Blob(['x'.repeat(5_000)]).stream()],
  ])('%s', async (_name, body) => {
    await using upstream = await echo()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying({ retryOn: ['5xx'] }) })
    const init = { method: 'POST', body: body() as BodyInit, duplex: 'half' } as RequestInit
    expect(await (await mesh.outbound.fetch('http://reviews/', init)).text()).toBe('5000')
    expect(upstream.seen.map((request) => request.body.length)).toEqual([5_000, 5_000])
  })

  test('a body beyond the limit is not: a response is given on, a failure says why', async () => {
    const big = (): Readable => Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(65_536)))
    await using upstream = await echo()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying({ retryOn: ['5xx'] }) })
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: big() })
    expect(response.statusCode).toBe(503)
    await response.body.dump()
    expect(mesh.recorder.events).toEqual(['retryRefused:body'])

    await using cutting = await startUpstream((request) => void request.socket.destroy())
    mesh.setCluster({}, [cutting.endpoint])
    const error = await failure(mesh.outbound.request('http://reviews/', { method: 'POST', body: big() }))
    expect(meshErrorIn(error)).toMatchObject({ code: 'WEFT_BODY_NOT_REPLAYABLE', retryable: false })
    expect(meshErrorIn(error)?.message).toContain('string or Buffer')
  })

  test('a failing source fails the call, once, and blames no endpoint', async () => {
    await using upstream = await statuses(200)
    const routes = retrying({ retryOn: ['5xx', 'reset'], numRetries: 3 })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes })
    async function* broken(): AsyncGenerator<string> {
      yield 'a'
      throw new Error('disk')
    }
    const options = { method: 'POST', body: Readable.from(broken()) } as const
    expect((await failure(mesh.outbound.request('http://reviews/', options))).message).toBe('disk')
    expect(mesh.recorder.events).toEqual([])
    expect(mesh.states()[0]?.active).toBe(0)
  })
})

describe('time limits', () => {
  const stuck = (): Promise<Upstream> => startUpstream(() => undefined)

  test('an attempt over its per-try timeout is tried elsewhere', async () => {
    await using slow = await stuck()
    await using good = await statuses(200)
    await using mesh = outboundHarness({
      endpoints: [slow.endpoint, good.endpoint],
      routes: retrying({ retryOn: ['5xx'], numRetries: 1, perTryTimeoutMs: 60 }),
    })
    for (let call = 0; call < 6; call++) expect((await mesh.outbound.fetch('http://reviews/')).status).toBe(200)
    expect(mesh.recorder.events).toContain('retry:timeout')
    expect(slow.seen[0]?.headers['x-envoy-expected-rq-timeout-ms']).toBe('60')
  })

  test('per-try timeouts used up answer 504 UT', async () => {
    await using slow = await stuck()
    await using mesh = outboundHarness({
      endpoints: [slow.endpoint],
      routes: retrying({ retryOn: ['5xx'], numRetries: 1, perTryTimeoutMs: 40 }),
    })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, response.headers.get('x-weft-response-flags')]).toEqual([504, 'URX,UT'])
    expect(slow.seen).toHaveLength(2)
  })

  test('the timeout of the route covers all attempts and their pauses', async () => {
    await using upstream = await statuses(503)
    const retryBackOff = { baseIntervalMs: 60_000, maxIntervalMs: 60_000 }
    await using mesh = outboundHarness({
      endpoints: [upstream.endpoint],
      routes: retrying({ retryOn: ['5xx'], numRetries: 9, retryBackOff }, 120),
    })
    const response = await mesh.outbound.fetch('http://reviews/')
    expect([response.status, response.headers.get('x-weft-error')]).toEqual([504, 'WEFT_DEADLINE_EXCEEDED'])
    const duration = mesh.recorder.calls[0]?.durationMs
    expect(duration).toBeGreaterThanOrEqual(119)
    expect(duration).toBeLessThan(2_000)
    expect(mesh.outbound.active).toBe(0)
  })

  test('a response that takes longer than the timeout breaks off', async () => {
    await using upstream = await startUpstream((_request, response) => void response.write('first'))
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(OFF, 100) })
    const { body } = await mesh.outbound.request('http://reviews/')
    expect(await failure(body.text())).toMatchObject({ code: 'WEFT_DEADLINE_EXCEEDED', flags: ['UT'] })
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: 'UT' }])
  })

  test('the caller of this process counts too: what is left is sent, and nothing when it is over', async () => {
    await using upstream = await stuck()
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint], routes: retrying(OFF, 60_000) })
    const within = (ms: number) => ({ deadline: performance.now() + ms, headers: [], peer: undefined })
    const response = await mesh.context.run(within(80), () => mesh.outbound.fetch('http://reviews/'))
    expect(response.status).toBe(504)
    expect(Number(upstream.seen[0]?.headers['x-envoy-expected-rq-timeout-ms'])).toBeLessThanOrEqual(80)
    const late = await mesh.context.run(within(-5), () => mesh.outbound.fetch('http://reviews/'))
    expect([late.status, late.headers.get('x-weft-response-flags')]).toEqual([504, 'UT'])
    expect(upstream.seen).toHaveLength(1)
  })
})
