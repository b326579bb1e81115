import type { ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { type Cluster, DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { expect, test, vi } from 'vitest'
import { type Random, seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { type GrpcRequest, grpcCall, grpcFrame, refuseGrpc, sayGrpc } from '../support/grpc-requests.ts'
import { cutConnection, type Http2Answer, startHttp2Upstream } from '../support/http2-upstream.ts'
import { CLUSTER, type Harness, outboundHarness } from '../support/outbound.ts'
import { type WireRoute, wireRoute } from '../support/wire.ts'

const CALLERS = 12
const CALLS_EACH = 30

/** How a server may treat a stream, with the share of each. */
function treatments(random: Random): readonly (readonly [share: number, answer: Http2Answer])[] {
  const pushback = (): Readonly<Record<string, string>> =>
    random.next() < 0.3 ? { 'grpc-retry-pushback-ms': String(Math.floor(random.next() * 20) - 5) } : {}
  return [
    [0.4, sayGrpc(['a', 'b'])],
    [0.1, sayGrpc(['a'], 13)],
    [0.15, (stream, headers) => refuseGrpc(14, pushback())(stream, headers)],
    [0.1, (stream) => stream.close([2, 7, 8, 11][Math.floor(random.next() * 4)])],
    [0.03, cutConnection],
    [0.03, leave],
    [0.09, breakOff],
    [0.03, (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    [1, () => undefined],
  ]
}

const leave: Http2Answer = (stream, headers) => {
  sayGrpc(['last'])(stream, headers)
  stream.session?.close()
}

const breakOff: Http2Answer = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
  stream.write(grpcFrame('half'))
  setTimeout(() => stream.close(2), 10)
}

function drawFrom(all: ReturnType<typeof treatments>, drawn: number): Http2Answer {
  let rest = drawn
  for (const [share, answer] of all) {
    rest -= share
    if (rest < 0) return answer
  }
  return () => undefined
}

/** Any of the treatments, at once or late. */
function moody(random: Random): Http2Answer {
  const all = treatments(random)
  return (stream: ServerHttp2Stream, headers) => {
    const answer = drawFrom(all, random.next())
    const go = (): void => {
      if (!stream.destroyed && !stream.closed) answer(stream, headers)
    }
    if (random.next() < 0.3) setTimeout(go, random.next() * 60)
    else go()
  }
}

/** A call whose request is whole, in pieces, or goes on for a while. */
function anyRequest(random: Random): GrpcRequest {
  const kind = random.next()
  const headers = random.next() < 0.3 ? { 'grpc-timeout': `${Math.floor(random.next() * 200)}m` } : {}
  if (kind < 0.5) return { headers, body: Buffer.concat([grpcFrame('q'), grpcFrame('r')]) }
  if (kind < 0.8) return { headers, body: Readable.from([grpcFrame('q'), Buffer.alloc(30_000), grpcFrame('r')]) }
  const read = function (this: Readable): void {
    setTimeout(() => this.push(random.next() < 0.2 ? null : grpcFrame('tick')), 3)
  }
  return { headers, body: new Readable({ read }) }
}

function route(hedges: boolean): WireRoute {
  const retryPolicy = {
    ...DEFAULT_RETRY_POLICY,
    numRetries: 3,
    perTryTimeoutMs: 50,
    retryBackOff: { baseIntervalMs: 1, maxIntervalMs: 5 },
    retryOn: ['unavailable', 'cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted'],
  }
  const clusters = [{ cluster: CLUSTER, weight: 1 }]
  return wireRoute('any', { route: { clusters, timeoutMs: 300, retryPolicy, hedgeOnPerTryTimeout: hedges } })
}

/** Nothing is held by calls that are over. */
function expectNothingHeld(mesh: Harness): void {
  const cluster = mesh.clusters.get(CLUSTER)
  if (cluster === undefined) throw new Error('the cluster is gone')
  const { requests, retries } = cluster.limits()
  expect(mesh.outbound.active).toBe(0)
  expect([requests.current, retries.current, mesh.transport.usage?.(cluster).pending]).toEqual([0, 0, 0])
}

test.each<[string, boolean, Cluster['protocol']]>([
  ['retries, a port of HTTP', false, 'http'],
  ['hedging', true, 'http'],
  ['retries, a port of gRPC', false, 'grpc'],
])('whatever servers do, each call of gRPC ends once and leaves nothing behind: %s', async (_, hedges, protocol) => {
  const random = seededRandom(11)
  await using one = await startHttp2Upstream(moody(random))
  await using other = await startHttp2Upstream(moody(random), { maxConcurrentStreams: 5 })
  const endpoints = [one.endpoint, other.endpoint]
  await using mesh = outboundHarness({ endpoints, routes: [route(hedges)], cluster: { protocol } })
  let answered = 0
  let failed = 0
  const caller = async (): Promise<void> => {
    for (let index = 0; index < CALLS_EACH; index++) {
      await grpcCall(mesh.outbound, anyRequest(random)).then(
        () => answered++,
        () => failed++,
      )
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  expect(answered + failed).toBe(CALLERS * CALLS_EACH)
  expect(answered).toBeGreaterThan(failed)
  expect(mesh.recorder.calls).toHaveLength(CALLERS * CALLS_EACH)
  const statuses = new Set(mesh.recorder.calls.map(({ protocol: spoken, grpcStatus }) => `${spoken} ${grpcStatus}`))
  expect([...statuses].filter((status) => !/^grpc (?:0|1|2|4|8|13|14)$/.test(status))).toEqual([])
  await vi.waitFor(() => expect(mesh.states().map(({ active }) => active)).toEqual([0, 0]))
  expectNothingHeld(mesh)
  await mesh.outbound.close()
  await vi.waitFor(() => expect(one.sessions.size + other.sessions.size).toBe(0))
})
