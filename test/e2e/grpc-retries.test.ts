import { type AddressInfo, createServer } from 'node:net'
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import { parseGrpcTimeout } from '../../packages/mesh-client/src/kernel/grpc-timeout.ts'
import { grpcCall, grpcFrame, inTurn, refuseGrpc, sayGrpc } from '../support/grpc-requests.ts'
import { frame } from '../support/http2-frames.ts'
import {
  cutConnection,
  type Http2Answer,
  type Http2Upstream,
  sayHttp2,
  startHttp2Upstream,
} from '../support/http2-upstream.ts'
import { CLUSTER, closedPort, localEndpoint, outboundHarness } from '../support/outbound.ts'
import { OFF, retrying } from '../support/outbound-retries.ts'
import { byId, wireCluster, wireRoute } from '../support/wire.ts'

const ONLY_UNAVAILABLE: Partial<RetryPolicy> = { retryOn: ['unavailable'], retriableStatusCodes: [], numRetries: 2 }
const GOOD = sayGrpc(['good'])

const reset =
  (code: number): Http2Answer =>
  (stream) =>
    stream.close(code)

/** What of each request tells which attempt it is. */
function counts({ seen }: Http2Upstream): unknown[] {
  return seen.map((headers) => [headers['x-envoy-attempt-count'], headers['grpc-previous-rpc-attempts']])
}

describe('a call of gRPC is tried again', () => {
  test('after a status in headers alone, and says how often it has been', async () => {
    await using up = await startHttp2Upstream(inTurn(refuseGrpc(14), refuseGrpc(14), GOOD))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE) })
    expect(await grpcCall(mesh.outbound)).toMatchObject({ status: '0', messages: ['good'] })
    expect(counts(up)).toEqual([
      ['1', undefined],
      ['2', '1'],
      ['3', '2'],
    ])
    expect(mesh.recorder.events).toEqual(['retry:UNAVAILABLE', 'retry:UNAVAILABLE'])
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: '0', requestMessages: 1, responseMessages: 1 }])
  })

  test.each([
    ['cancelled', 1],
    ['deadline-exceeded', 4],
    ['resource-exhausted', 8],
    ['internal', 13],
    ['unavailable', 14],
  ])('on %s', async (condition, status) => {
    await using up = await startHttp2Upstream(inTurn(refuseGrpc(status), GOOD))
    const routes = retrying({ ...ONLY_UNAVAILABLE, retryOn: [condition] })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
  })

  test.each([
    ['unavailable', 7],
    ['resource-exhausted', 11],
    ['cancelled', 8],
    ['internal', 2],
  ])('where a stream that is reset is %s: code %i', async (condition, code) => {
    await using up = await startHttp2Upstream(inTurn(reset(code), GOOD))
    const routes = retrying({ ...ONLY_UNAVAILABLE, retryOn: [condition] })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
    // Nobody has seen what was refused: no retry, and the server is not told of one.
    expect(counts(up)[1]).toEqual(['2', code === 7 ? undefined : '1'])
    const other = retrying({ ...ONLY_UNAVAILABLE, retryOn: ['deadline-exceeded'] })
    await using again = await startHttp2Upstream(inTurn(reset(code), GOOD))
    await using strict = outboundHarness({ endpoints: [again.endpoint], routes: other })
    if (code === 7) expect((await grpcCall(strict.outbound)).status).toBe('0')
    else await expect(grpcCall(strict.outbound)).rejects.toThrow()
  })

  test('on unavailable where its connection breaks or is not made, at another endpoint', async () => {
    const refused = localEndpoint(await closedPort())
    await using cut = await startHttp2Upstream(cutConnection)
    await using good = await startHttp2Upstream(GOOD)
    const routes = retrying(ONLY_UNAVAILABLE)
    await using mesh = outboundHarness({ endpoints: [refused, cut.endpoint, good.endpoint], routes })
    for (let call = 0; call < 10; call++) expect((await grpcCall(mesh.outbound)).status).toBe('0')
    expect(cut.seen.length).toBeGreaterThan(0)
    expect(good.seen).toHaveLength(10)
  })

  test('on unavailable where something that does not speak gRPC says 503', async () => {
    const proxy: Http2Answer = (stream) => {
      stream.respond({ ':status': 503, 'content-type': 'text/html' })
      stream.end('<h1>no</h1>')
    }
    await using up = await startHttp2Upstream(inTurn(proxy, GOOD))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE) })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
  })

  test('on deadline-exceeded after its own limit, and each attempt is told what is left', async () => {
    await using up = await startHttp2Upstream(inTurn(() => undefined, GOOD))
    const policy = { ...ONLY_UNAVAILABLE, retryOn: ['deadline-exceeded'], perTryTimeoutMs: 60 }
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(policy, 5_000) })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
    const told = up.seen.map((headers) => parseGrpcTimeout(String(headers['grpc-timeout'])))
    expect(told).toEqual([60, 60])
  })

  test('not once headers have come that are no status', async () => {
    await using up = await startHttp2Upstream(inTurn(sayGrpc([], 14), GOOD))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE) })
    expect((await grpcCall(mesh.outbound)).status).toBe('14')
    expect(up.seen).toHaveLength(1)
  })

  test('not on statuses of HTTP that its own become', async () => {
    await using up = await startHttp2Upstream(inTurn(refuseGrpc(14), GOOD))
    const routes = retrying({
      retryOn: ['5xx', 'gateway-error', 'retriable-status-codes'],
      retriableStatusCodes: [503],
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes })
    expect((await grpcCall(mesh.outbound)).status).toBe('14')
  })
})

describe('a server that says when it wants to be tried again', () => {
  const pushed = (value: string): Http2Answer => inTurn(refuseGrpc(14, { 'grpc-retry-pushback-ms': value }), GOOD)

  test('is left alone for so long', async () => {
    await using up = await startHttp2Upstream(pushed('200'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE) })
    const start = performance.now()
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
    expect(performance.now() - start).toBeGreaterThan(195)
  })

  test('is tried at once where it says so, whatever the policy’s pause is', async () => {
    await using up = await startHttp2Upstream(pushed('0'))
    const retryBackOff = { baseIntervalMs: 60_000, maxIntervalMs: 60_000, minIntervalMs: 60_000 }
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      routes: retrying({ ...ONLY_UNAVAILABLE, retryBackOff }, 5_000),
    })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
  })

  test.each(['-1', 'soon'])('is not tried again after %j', async (value) => {
    await using up = await startHttp2Upstream(pushed(value))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE) })
    expect((await grpcCall(mesh.outbound)).status).toBe('14')
    expect(up.seen).toHaveLength(1)
  })

  test('is not waited for beyond the time of the call', async () => {
    await using up = await startHttp2Upstream(pushed('60000'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(ONLY_UNAVAILABLE, 5_000) })
    expect((await grpcCall(mesh.outbound)).status).toBe('14')
    expect(mesh.recorder.events).toEqual(['retryRefused:deadline'])
  })
})

describe('a server that goes away', () => {
  test('is left without a retry of the policy, by what it had not taken', async () => {
    await using behind = await startHttp2Upstream(GOOD)
    let first = true
    const server = createServer((socket) => {
      if (!first) return void behind.server.emit('connection', socket)
      first = false
      // GOAWAY that names stream 0: it has taken none at all.
      socket.once('data', () =>
        setTimeout(() => socket.end(Buffer.concat([frame(4, 0, 0), frame(7, 0, 0, Buffer.alloc(8))])), 20),
      )
      socket.resume()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = localEndpoint((server.address() as AddressInfo).port)
    await using mesh = outboundHarness({ endpoints: [endpoint], routes: retrying(OFF) })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
    expect(counts(behind)).toEqual([['2', undefined]])
    server.close()
  })

  test('again and again, while calls go on: each is answered', async () => {
    let count = 0
    await using storm = await startHttp2Upstream((stream, headers) => {
      GOOD(stream, headers)
      // Its connection takes no more streams, with others on their way.
      if (++count % 20 === 0) stream.session?.close()
    })
    await using mesh = outboundHarness({ endpoints: [storm.endpoint], routes: retrying(OFF) })
    const statuses = new Set<unknown>()
    const worker = async (): Promise<void> => {
      for (let call = 0; call < 25; call++) statuses.add((await grpcCall(mesh.outbound)).status)
    }
    await Promise.all(Array.from({ length: 6 }, worker))
    expect(statuses).toEqual(new Set(['0']))
    expect(storm.connections).toBeGreaterThan(5)
  })

  test('REFUSED_STREAM moves a call to another endpoint', async () => {
    await using full = await startHttp2Upstream(reset(7))
    await using good = await startHttp2Upstream(GOOD)
    await using mesh = outboundHarness({ endpoints: [full.endpoint, good.endpoint], routes: retrying(OFF) })
    for (let call = 0; call < 10; call++) expect((await grpcCall(mesh.outbound)).status).toBe('0')
    expect(full.seen.length).toBeGreaterThan(0)
    expect(mesh.states().some(({ ejected }) => ejected)).toBe(false)
  })
})

describe('hedging', () => {
  const hedged = (policy: Partial<RetryPolicy> = {}) => {
    const retryPolicy = { ...DEFAULT_RETRY_POLICY, numRetries: 1, perTryTimeoutMs: 60, ...policy }
    const clusters = [{ cluster: CLUSTER, weight: 1 }]
    return [wireRoute('hedged', { route: { clusters, timeoutMs: 0, retryPolicy, hedgeOnPerTryTimeout: true } })]
  }

  test('a call whose request is whole is made a second time beside the first', async () => {
    const closed = vi.fn()
    await using up = await startHttp2Upstream(inTurn((stream) => void stream.on('close', closed), GOOD))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: hedged() })
    expect(await grpcCall(mesh.outbound)).toMatchObject({ status: '0', messages: ['good'] })
    expect(mesh.recorder.events).toEqual(['hedge:started', 'retry:timeout', 'hedge:won'])
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: '0', requestMessages: 1 }])
    expect(counts(up)).toEqual([
      ['1', undefined],
      ['2', '1'],
    ])
    await vi.waitFor(() => expect(closed).toHaveBeenCalled())
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('a status that is retried does not win against an attempt that may still be answered well', async () => {
    const late: Http2Answer = (stream, headers) => void setTimeout(() => GOOD(stream, headers), 150)
    await using up = await startHttp2Upstream(inTurn(late, refuseGrpc(14)))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: hedged({ retryOn: ['unavailable'] }) })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
  })

  test('a status that forbids retries lets the attempt beside it go on, and no other follow', async () => {
    const late: Http2Answer = (stream, headers) => void setTimeout(() => GOOD(stream, headers), 250)
    const stop = refuseGrpc(14, { 'grpc-retry-pushback-ms': '-1' })
    await using up = await startHttp2Upstream(inTurn(late, stop, refuseGrpc(13)))
    const routes = hedged({ retryOn: ['unavailable'], numRetries: 5 })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes })
    expect((await grpcCall(mesh.outbound)).status).toBe('0')
    expect(up.seen).toHaveLength(2)
    expect(mesh.recorder.calls).toMatchObject([{ flags: '-' }])
  })
})

describe('a mirrored call', () => {
  const MIRROR = 'outbound|80||reviews-next.default.svc.cluster.local'

  test('is made twice, each in gRPC, and told of apart', async () => {
    await using primary = await startHttp2Upstream(GOOD)
    const bodies: Buffer[] = []
    await using copy = await startHttp2Upstream((stream, headers) => {
      stream.on('data', (chunk: Buffer) => bodies.push(chunk))
      refuseGrpc(5)(stream, headers)
    })
    const clusters = [{ cluster: CLUSTER, weight: 1 }]
    const requestMirrorPolicies = [{ cluster: MIRROR, percent: 100 }]
    const route = { clusters, timeoutMs: 0, retryPolicy: DEFAULT_RETRY_POLICY, requestMirrorPolicies }
    await using mesh = outboundHarness({ endpoints: [primary.endpoint], routes: [wireRoute(CLUSTER, { route })] })
    const service = { host: 'reviews-next.default.svc.cluster.local', name: 'reviews-next', namespace: 'default' }
    mesh.clusters.upsert(wireCluster({ name: MIRROR, service }), byId([copy.endpoint]))
    expect((await grpcCall(mesh.outbound, { body: grpcFrame('ask') })).status).toBe('0')
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:answered']))
    expect(copy.seen[0]).toMatchObject({ te: 'trailers', 'content-type': 'application/grpc' })
    const told = mesh.recorder.calls.map(({ protocol, service, grpcStatus, requestMessages }) => {
      return [protocol, service?.name, grpcStatus, requestMessages]
    })
    expect(told.sort()).toEqual([
      ['grpc', 'reviews', '0', 1],
      ['grpc', 'reviews-next', '5', 1],
    ])
  })
})

test('a call of HTTP keeps its own rules', async () => {
  await using up = await startHttp2Upstream(inTurn(reset(2), sayHttp2('x')))
  const routes = retrying({ ...ONLY_UNAVAILABLE, retryOn: ['unavailable', 'internal'] })
  await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { protocol: 'http2' }, routes })
  await expect(mesh.outbound.request('http://reviews/', { method: 'POST', body: 'x' })).rejects.toThrow()
  expect(up.seen).toHaveLength(1)
})
