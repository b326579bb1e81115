import { type AddressInfo, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { DEFAULT_CIRCUIT_BREAKERS, type Endpoint, type OutlierDetection } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { CallEnd, ClientCallFacts, Tracing } from '../../packages/mesh-client/src/kernel/tracing.ts'
import { GRPC_HEADERS, grpcCall, grpcFrame, inTurn, refuseGrpc, sayGrpc } from '../support/grpc-requests.ts'
import { frame, literalHeaders } from '../support/http2-frames.ts'
import { cutConnection, sayHttp2, startHttp2Upstream } from '../support/http2-upstream.ts'
import { closedPort, localEndpoint, outboundHarness, startUpstream } from '../support/outbound.ts'
import { OFF, retrying } from '../support/outbound-retries.ts'

const TWO_STRIKES: OutlierDetection = {
  consecutive5xx: 2,
  consecutiveGatewayFailure: 2,
  consecutiveLocalOriginFailure: 5,
  splitExternalLocalOriginErrors: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 30_000,
  maxEjectionPercent: 100,
}

describe('a call of gRPC', () => {
  test('goes over HTTP/2 to a cluster that speaks HTTP/1.1 otherwise, and is told of as what it is', async () => {
    await using up = await startHttp2Upstream(sayGrpc(['one', 'two']))
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const answer = await grpcCall(mesh.outbound, {
      body: Buffer.concat([grpcFrame('a'), grpcFrame('b'), grpcFrame('')]),
    })
    expect(answer).toMatchObject({ httpStatus: 200, status: '0', messages: ['one', 'two'] })
    expect(up.seen[0]).toMatchObject({
      te: 'trailers',
      ':path': '/pkg.Reviews/Get',
      'content-type': 'application/grpc',
    })
    expect(up.seen[0]).not.toHaveProperty('content-length')
    expect(mesh.recorder.calls).toMatchObject([
      { protocol: 'grpc', status: 200, grpcStatus: '0', flags: '-', requestMessages: 3, responseMessages: 2 },
    ])
  })

  test('shares its endpoint and its limits with calls of HTTP', async () => {
    await using h1 = await startUpstream((_request, response) => response.end('plain'))
    const circuitBreakers = { ...DEFAULT_CIRCUIT_BREAKERS, maxConnections: 1, maxPendingRequests: 1 }
    await using mesh = outboundHarness({
      endpoints: [h1.endpoint],
      cluster: { circuitBreakers },
      routes: retrying(OFF),
    })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('plain')
    // The server does not speak HTTP/2: the call fails in gRPC's way of failing, and takes nothing with it.
    await expect(grpcCall(mesh.outbound)).rejects.toThrow()
    expect(mesh.recorder.calls.at(-1)).toMatchObject({ protocol: 'grpc', status: 0, grpcStatus: '14' })
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('plain')
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('does not keep calls of HTTP from their connections by one that is idle', async () => {
    await using h1 = await startUpstream((_request, response) => response.end('plain'))
    await using h2 = await startHttp2Upstream(sayGrpc([]))
    const server = createServer((socket) => {
      socket.once('readable', () => {
        const begin = socket.read() as Buffer | null
        if (begin !== null) socket.unshift(begin)
        const { server: meant } = begin?.subarray(0, 3).toString() === 'PRI' ? h2 : h1
        meant.emit('connection', socket)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = localEndpoint((server.address() as AddressInfo).port)
    const circuitBreakers = { ...DEFAULT_CIRCUIT_BREAKERS, maxConnections: 1, maxPendingRequests: 1 }
    await using mesh = outboundHarness({
      endpoints: [endpoint],
      cluster: { circuitBreakers },
      routes: retrying(OFF, 2_000),
    })
    for (let round = 0; round < 3; round++) {
      expect((await grpcCall(mesh.outbound)).status).toBe('0')
      expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('plain')
    }
    server.close()
  })

  test('closes its connections with the mesh', async () => {
    await using up = await startHttp2Upstream(sayGrpc([]))
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    await grpcCall(mesh.outbound)
    expect(up.sessions.size).toBe(1)
    await mesh.outbound.close()
    await expect.poll(() => up.sessions.size).toBe(0)
  })

  test('adds te where its caller has not, and leaves a length that the caller tells', async () => {
    await using up = await startHttp2Upstream(sayGrpc([]))
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const body = grpcFrame('x')
    const headers = { 'content-type': 'application/grpc+proto', 'content-length': String(body.length) }
    const fetched = await mesh.outbound.fetch('http://reviews/a.B/C', {
      method: 'POST',
      body: new Uint8Array(body),
      headers,
    })
    await fetched.arrayBuffer()
    await grpcCall(mesh.outbound, { body: Buffer.alloc(0) })
    expect(up.seen[0]).toMatchObject({ te: 'trailers', 'content-length': '6' })
    expect(up.seen[1]).not.toHaveProperty('content-length')
    expect(mesh.recorder.calls.map(({ requestMessages }) => requestMessages)).toEqual([1, 0])
  })

  test('has a span that says so, and its status', async () => {
    await using up = await startHttp2Upstream(inTurn(sayGrpc([], 5), sayHttp2('plain')))
    const facts: (boolean | undefined)[] = []
    const ends: CallEnd[] = []
    const tracing: Tracing = {
      inject: () => undefined,
      startServer: () => undefined,
      startClient: ({ isGrpc }: ClientCallFacts) => {
        facts.push(isGrpc)
        return {
          inject: () => undefined,
          run: (go) => go(),
          attempt: () => undefined,
          end: (end) => void ends.push(end),
        }
      },
    }
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { protocol: 'http2' }, tracing })
    await grpcCall(mesh.outbound)
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(facts).toEqual([true, false])
    expect(ends).toEqual([
      { status: 200, flags: '-', grpcStatus: '5' },
      { status: 200, flags: '-' },
    ])
  })
})

describe('what an endpoint is taught by', () => {
  const ejecting = { outlierDetection: TWO_STRIKES }

  test.each([1, 3, 5, 6, 7, 8, 9, 10, 11, 16])('the status %i is its caller’s own', async (status) => {
    await using up = await startHttp2Upstream(inTurn(sayGrpc([], status), refuseGrpc(status)))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: ejecting, routes: retrying(OFF) })
    for (let call = 0; call < 4; call++) expect((await grpcCall(mesh.outbound)).status).toBe(String(status))
    expect(mesh.states()[0]?.ejected).toBe(false)
  })

  test.each([2, 13, 14, 15])('the status %i is its failure, in trailers and in headers', async (status) => {
    for (const answer of [sayGrpc(['x'], status), refuseGrpc(status)]) {
      await using up = await startHttp2Upstream(answer)
      await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: ejecting, routes: retrying(OFF) })
      for (let call = 0; call < 2; call++) await grpcCall(mesh.outbound)
      expect(mesh.states()[0]?.ejected).toBe(true)
      expect(mesh.recorder.calls.map(({ grpcStatus }) => grpcStatus)).toEqual([String(status), String(status)])
    }
  })

  test('the status 4 is a 504, and its failure too', async () => {
    await using up = await startHttp2Upstream(sayGrpc([], 4))
    const outlierDetection = { ...TWO_STRIKES, consecutive5xx: 0 }
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      cluster: { outlierDetection },
      routes: retrying(OFF),
    })
    for (let call = 0; call < 2; call++) await grpcCall(mesh.outbound)
    expect(mesh.states()[0]?.ejected).toBe(true)
  })

  test('an answer without a status counts as its status of HTTP, and a status that is none as a failure', async () => {
    const odd = sayGrpc([], 99)
    await using up = await startHttp2Upstream(
      inTurn((stream) => stream.respond({ ':status': 404 }, { endStream: true }), odd),
    )
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: ejecting, routes: retrying(OFF) })
    await grpcCall(mesh.outbound)
    expect(mesh.recorder.calls).toMatchObject([{ status: 404, grpcStatus: '12' }])
    for (let call = 0; call < 2; call++) await grpcCall(mesh.outbound)
    expect(mesh.states()[0]?.ejected).toBe(true)
  })

  test('opens the breaker of its cluster', async () => {
    await using up = await startHttp2Upstream(sayGrpc([], 14))
    const errorRateBreaker = {
      errorThresholdPercentage: 50,
      requestVolumeThreshold: 2,
      rollingWindowMs: 10_000,
      openDurationMs: 60_000,
    }
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      cluster: { errorRateBreaker },
      routes: retrying(OFF),
    })
    for (let call = 0; call < 3; call++) await grpcCall(mesh.outbound)
    const answer = await grpcCall(mesh.outbound)
    expect(answer.headers['x-weft-error']).toBe('WEFT_CIRCUIT_OPEN')
    expect([answer.httpStatus, answer.status]).toEqual([200, '14'])
  })
})

describe('what the mesh itself answers', () => {
  const told = ({ httpStatus, status, headers }: Awaited<ReturnType<typeof grpcCall>>): unknown[] => [
    httpStatus,
    status,
    headers['content-type'],
    headers['x-weft-error'],
    headers['x-weft-response-flags'],
  ]

  test('is a status of gRPC in headers alone', async () => {
    await using mesh = outboundHarness({ endpoints: [] })
    const answer = await grpcCall(mesh.outbound)
    expect(told(answer)).toEqual([200, '14', 'application/grpc', 'WEFT_NO_HEALTHY_UPSTREAM', 'UH'])
    expect(answer.message).toMatch(/^weft: no healthy upstream in outbound\|80\|\|reviews/)
    expect(answer.headers).not.toHaveProperty('content-length')
    expect(mesh.recorder.calls).toMatchObject([{ protocol: 'grpc', status: 200, grpcStatus: '14', flags: 'UH' }])
    const plain = await mesh.outbound.request('http://reviews/', {
      headers: { 'content-type': 'application/grpc-web' },
    })
    expect([plain.statusCode, await plain.body.text()]).toEqual([503, expect.stringContaining('no healthy upstream')])
  })

  test('also before a route is looked for', async () => {
    await using mesh = outboundHarness({ endpoints: [] })
    const answer = await grpcCall(mesh.outbound, { url: 'http://ratings:81/a.B/C' })
    expect(told(answer).slice(0, 2)).toEqual([200, answer.headers['x-weft-error'] === 'WEFT_NO_ROUTE' ? '12' : '14'])
    expect(mesh.recorder.calls).toMatchObject([{ protocol: 'grpc' }])
  })

  test('a limit of time is DEADLINE_EXCEEDED', async () => {
    await using up = await startHttp2Upstream(() => undefined)
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(OFF, 40) })
    expect(told(await grpcCall(mesh.outbound))).toEqual([200, '4', 'application/grpc', 'WEFT_DEADLINE_EXCEEDED', 'UT'])
    mesh.setRoutes(retrying({ ...OFF, perTryTimeoutMs: 40 }))
    expect(told(await grpcCall(mesh.outbound)).slice(0, 2)).toEqual([200, '4'])
    expect(mesh.recorder.calls.map(({ grpcStatus }) => grpcStatus)).toEqual(['4', '4'])
  })

  test('a failure on purpose has the status that policy says, and that of HTTP as gRPC has it', async () => {
    const faulty = (abort: object) => [{ ...retrying(OFF)[0], fault: { abort: { percent: 100, ...abort } } }] as never
    await using mesh = outboundHarness({ endpoints: [], routes: faulty({ grpcStatus: 8 }) })
    expect(told(await grpcCall(mesh.outbound)).slice(0, 4)).toEqual([
      200,
      '8',
      'application/grpc',
      'WEFT_FAULT_INJECTED',
    ])
    mesh.setRoutes(faulty({ httpStatus: 403 }))
    const answer = await grpcCall(mesh.outbound)
    expect([answer.status, answer.message]).toEqual(['7', 'fault filter abort'])
    expect(mesh.recorder.calls.map(({ grpcStatus }) => grpcStatus)).toEqual(['8', '7'])
  })

  test('an answer of a route, and the text of it', async () => {
    const direct = { name: 'd', match: {}, directResponse: { status: 401, body: 'go away: 100 %, für immer' } } as never
    await using mesh = outboundHarness({ endpoints: [], routes: [direct] })
    const answer = await grpcCall(mesh.outbound)
    expect([answer.httpStatus, answer.status]).toEqual([200, '16'])
    expect(decodeURIComponent(answer.message ?? '')).toBe('go away: 100 %, für immer')
  })
})

describe('what ends without an answer', () => {
  test('is told of as what a caller of gRPC makes of it', async () => {
    const refused = localEndpoint(await closedPort())
    await using mesh = outboundHarness({ endpoints: [refused], routes: retrying(OFF) })
    await expect(grpcCall(mesh.outbound)).rejects.toThrow()
    await using up = await startHttp2Upstream((stream) => stream.close(11))
    mesh.setCluster({ version: '2' }, [up.endpoint])
    await expect(grpcCall(mesh.outbound)).rejects.toMatchObject({ rstCode: 11 })
    await using cut = await startHttp2Upstream(cutConnection)
    mesh.setCluster({ version: '3' }, [cut.endpoint])
    await expect(grpcCall(mesh.outbound)).rejects.toSatisfy((error: object) => !('rstCode' in error))
    await using deaf = await startHttp2Upstream(() => undefined)
    mesh.setCluster({ version: '4' }, [deaf.endpoint])
    const stop = new AbortController()
    const options = { method: 'POST', headers: GRPC_HEADERS, body: grpcFrame('x'), signal: stop.signal } as const
    const given = mesh.outbound.request('http://reviews/a.B/C', options)
    setTimeout(() => stop.abort(), 30)
    await expect(given).rejects.toThrow()
    expect(mesh.recorder.calls.map(({ grpcStatus, flags }) => [grpcStatus, flags])).toEqual([
      ['14', 'UF'],
      ['8', 'UC'],
      ['14', 'UC'],
      ['1', 'DC'],
    ])
  })

  test.each([
    [8, '1'],
    [2, '13'],
    [12, '7'],
    [7, '14'],
  ])('after an answer began: RST_STREAM %i is the status %s', async (code, status) => {
    await using up = await startResetting(code)
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    await expect(grpcCall(mesh.outbound)).rejects.toMatchObject({ rstCode: code })
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: status, responseMessages: 1, status: 200 }])
  })

  test.each([
    [8, '1'],
    [2, '13'],
    [0, '2'],
  ])('a server of Node ends the answer before it resets the stream: code %i is the status %s', async (code, status) => {
    await using up = await startHttp2Upstream((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.write(grpcFrame('half'), () => setTimeout(() => stream.close(code), 10))
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const body = new Readable({ read: () => undefined })
    body.push(grpcFrame('and so on'))
    if (code === 0) expect((await grpcCall(mesh.outbound, { body })).status).toBeUndefined()
    else await expect(grpcCall(mesh.outbound, { body })).rejects.toMatchObject({ rstCode: code })
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: status, responseMessages: 1 }])
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('a connection that breaks under an answer is no word of the server', async () => {
    await using up = await startHttp2Upstream((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.write(grpcFrame('half'), () => setTimeout(() => cutConnection(stream), 10))
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    await expect(grpcCall(mesh.outbound)).rejects.toSatisfy((error: object) => !('rstCode' in error))
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: '14', flags: 'UC' }])
  })
})

/** Answers the first stream with half of an answer, and resets it. */
async function startResetting(code: number): Promise<AsyncDisposable & { readonly endpoint: Endpoint }> {
  const head = literalHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ])
  const answer = Buffer.concat([
    frame(4, 0, 0),
    frame(1, 4, 1, head),
    frame(0, 0, 1, grpcFrame('half')),
    frame(3, 0, 1, Buffer.from([0, 0, 0, code])),
  ])
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    // The connection's own beginning comes first, the request after it.
    socket.once('data', () => setTimeout(() => socket.write(answer), 20))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: localEndpoint((server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
