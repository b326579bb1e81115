import { credentials, Metadata, Server, type ServiceError, status } from '@grpc/grpc-js'
import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ExposedSample, parseExposition, samplesOf } from '../support/exposition.ts'
import { GreeterClient, type GreeterServer, GreeterService } from '../support/grpc/gen/greeter.ts'
import { greeter } from '../support/grpc/serve-greeter.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { registerMeters, registerOtel, type TestMeters, type TestOtel } from '../support/otel.ts'
import { poll } from '../support/poll.ts'

// reviews calls ratings by gRPC, and ratings calls details by HTTP: each a mesh of its own in this process.
const HELLO = 'weft.test.Greeter/Hello'
const MISSING = 'nobody of that name'

let otel: TestOtel
let meters: TestMeters
let scene: MeshScene
let reviews: Mesh
let ratings: Mesh
let client: GreeterClient
let address: string
let busy = 0

beforeAll(async () => {
  otel = registerOtel()
  meters = registerMeters()
  scene = await openMeshScene()
  await scene.serve('details', 'v1', (_, response) => response.end('details'))
  ratings = scene.join({ service: 'ratings', version: 'v2' })
  const server = new Server()
  const implementation: GreeterServer = {
    ...greeter,
    hello(call, reply) {
      const { name } = call.request
      if (name === 'nobody') return reply({ code: status.NOT_FOUND, details: MISSING })
      if (name === 'busy' && busy++ === 0) return reply({ code: status.UNAVAILABLE, details: 'not now' })
      if (name !== 'chain') return reply(null, { text: name })
      ratings.fetch('http://details/').then(
        async (answer) => reply(null, { text: await answer.text() }),
        (error) => reply(error),
      )
    },
  }
  server.addService(GreeterService, { ...implementation })
  const served = await meshGrpc(ratings).serve(server, { host: '127.0.0.1', servicePort: 50_051 })
  address = `127.0.0.1:${served.port}`
  await ratings.ready({ timeoutMs: 10_000 })
  reviews = scene.join({ service: 'reviews', version: 'v1' })
  const grpc = meshGrpc(reviews)
  client = new GreeterClient('weft:///ratings:50051', grpc.credentials(), grpc.channelOptions())
  await poll(async () => (await hello('chain')).text === 'details', 'a first answer')
})

afterAll(async () => {
  client?.close()
  await scene?.[Symbol.asyncDispose]()
  await meters?.unregister()
  otel?.unregister()
})

interface Answer {
  readonly text: string | undefined
  readonly code: number
}

function hello(name: string, metadata = new Metadata()): Promise<Answer> {
  return new Promise((resolve) => {
    client.hello({ name }, metadata, (error: ServiceError | null, reply) => {
      resolve({ text: reply?.text, code: error?.code ?? 0 })
    })
  })
}

/** The spans that an action brings about, as soon as they are so many; those of calls before may still come in between. */
async function spansOf(count: number, action: () => Promise<unknown>): Promise<ReadableSpan[]> {
  const traceOf = (span: ReadableSpan): string => span.spanContext().traceId
  const before = new Set(otel.spans().map(traceOf))
  await action()
  const spans = await poll(() => {
    const added = otel.spans().filter((span) => !before.has(traceOf(span)))
    return added.length >= count ? added : undefined
  }, `${count} spans`)
  expect(spans).toHaveLength(count)
  return spans
}

function one(spans: readonly ReadableSpan[], kind: SpanKind, parent: ReadableSpan | undefined): ReadableSpan {
  const found = spans.filter(
    (span) => span.kind === kind && span.parentSpanContext?.spanId === parent?.spanContext().spanId,
  )
  expect(found).toHaveLength(1)
  return found[0] as ReadableSpan
}

const scrape = async (mesh: Mesh): Promise<ExposedSample[]> => parseExposition(await mesh.metrics.metrics())

test('a trace goes on from gRPC to HTTP, each hop told by its own conventions', async () => {
  const spans = await spansOf(4, () => hello('chain'))
  const outer = one(spans, SpanKind.CLIENT, undefined)
  const served = one(spans, SpanKind.SERVER, outer)
  const inner = one(spans, SpanKind.CLIENT, served)
  one(spans, SpanKind.SERVER, inner)
  expect(outer.name).toBe(HELLO)
  expect(outer.attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': HELLO,
    'rpc.status_code': 'OK',
    'server.address': 'ratings',
    'server.port': 50_051,
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number),
  })
  expect(served.name).toBe(HELLO)
  expect(served.attributes).toMatchObject({ 'rpc.method': HELLO, 'rpc.status_code': 'OK', 'server.address': 'ratings' })
  expect(inner.attributes).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 200 })
})

test('what fails by its caller fails the span of the caller alone', async () => {
  const spans = await spansOf(2, () => hello('nobody'))
  const outer = one(spans, SpanKind.CLIENT, undefined)
  const served = one(spans, SpanKind.SERVER, outer)
  expect(outer.attributes).toMatchObject({ 'rpc.status_code': 'NOT_FOUND', 'error.type': 'NOT_FOUND' })
  expect(served.attributes).toMatchObject({ 'rpc.status_code': 'NOT_FOUND' })
  expect(served.attributes).not.toHaveProperty('error.type')
})

test('a call that leads nowhere has its span too, of gRPC and of HTTP', async () => {
  const grpc = meshGrpc(reviews)
  const lost = new GreeterClient('weft:///ratings:4321', grpc.credentials(), grpc.channelOptions())
  const [called] = await spansOf(1, () => new Promise((resolve) => lost.hello({ name: 'a' }, resolve)))
  expect(called?.attributes).toMatchObject({
    'rpc.method': HELLO,
    'rpc.status_code': 'UNIMPLEMENTED',
    'server.port': 4321,
    'weft.response_flags': 'NR',
  })
  const [asked] = await spansOf(1, async () => (await reviews.fetch('http://ratings:4321/a')).text())
  expect(asked?.attributes).toMatchObject({ 'http.response.status_code': 404, 'weft.response_flags': 'NR' })
})

test('attempts of a call that is tried again are one span at the caller', async () => {
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'ratings' },
    spec: {
      hosts: ['ratings'],
      http: [{ route: [{ destination: { host: 'ratings' } }], retries: { attempts: 2, retryOn: 'unavailable' } }],
    },
  })
  const spans = await spansOf(3, async () => expect((await hello('busy')).text).toBe('busy'))
  const outer = one(spans, SpanKind.CLIENT, undefined)
  expect(spans.filter(({ kind }) => kind === SpanKind.SERVER)).toHaveLength(2)
  expect(outer.attributes).toMatchObject({ 'rpc.status_code': 'OK', 'weft.resend_count': 1 })
  expect(outer.events.map(({ name }) => name)).toEqual(['weft.resend'])
})

test('both sides count calls by their status and messages by their number', async () => {
  const chat = client.chat()
  for (const name of ['a', 'b', 'c']) chat.write({ name })
  chat.end()
  for await (const _ of chat);
  const ends = {
    source_workload: 'reviews-v1',
    destination_workload: 'ratings-v2',
    destination_service: 'ratings.default.svc.cluster.local',
  }
  const before = { source: await scrape(reviews), destination: await scrape(ratings) }
  await hello('a')
  await hello('nobody')
  for (const [reporter, mesh] of [
    ['source', reviews],
    ['destination', ratings],
  ] as const) {
    const sum = (samples: readonly ExposedSample[], name: string, labels: Record<string, string> = {}): number =>
      samplesOf(samples, name, { reporter, ...ends, ...labels }).reduce((total, { value }) => total + value, 0)
    const notFound = { request_protocol: 'grpc', response_code: '200', grpc_response_status: '5' }
    const ok = { ...notFound, grpc_response_status: '0' }
    const now = await poll(async () => {
      const samples = await scrape(mesh)
      const counted = sum(samples, 'istio_requests_total', notFound)
      return counted > sum(before[reporter], 'istio_requests_total', notFound) ? samples : undefined
    }, `the ${reporter}'s report`)
    const grown = (name: string, labels?: Record<string, string>): number =>
      sum(now, name, labels) - sum(before[reporter], name, labels)
    expect(grown('istio_requests_total', ok)).toBe(1)
    expect(grown('istio_request_messages_total')).toBe(2)
    expect(grown('istio_response_messages_total')).toBe(1)
    expect(sum(now, 'istio_request_messages_total')).toBeGreaterThanOrEqual(5)
    expect(samplesOf(now, 'istio_requests_total', { request_protocol: 'http', reporter, ...ends })).toEqual([])
  }
})

/** How many calls each series has been told, by histogram, method and status. */
async function durations(): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { name, attributes, count } of await meters.histograms()) {
    const series = `${name} ${attributes['rpc.method']} ${attributes['rpc.status_code']}`
    counts.set(series, (counts.get(series) ?? 0) + count)
  }
  return counts
}

test('durations of RPC are told to the meter provider, and nothing of HTTP', async () => {
  const before = await durations()
  await hello('chain')
  await hello('nobody')
  const grown = await poll(async () => {
    const added = [...(await durations())].map(
      ([series, count]) => [series, count - (before.get(series) ?? 0)] as const,
    )
    return added.reduce((sum, [, count]) => sum + count, 0) >= 4 && added.filter(([, count]) => count > 0)
  }, 'four durations')
  expect(grown.toSorted()).toEqual([
    [`rpc.client.call.duration ${HELLO} NOT_FOUND`, 1],
    [`rpc.client.call.duration ${HELLO} OK`, 1],
    [`rpc.server.call.duration ${HELLO} NOT_FOUND`, 1],
    [`rpc.server.call.duration ${HELLO} OK`, 1],
  ])
})

test('a caller outside of the mesh is counted by the server, as nobody known', async () => {
  const bare = new GreeterClient(address, credentials.createInsecure())
  await new Promise((resolve) => bare.hello({ name: 'a' }, resolve))
  bare.close()
  const wanted = { reporter: 'destination', source_workload: 'unknown', request_protocol: 'grpc' }
  const [told] = await poll(async () => {
    const found = samplesOf(await scrape(ratings), 'istio_requests_total', wanted)
    return found.length > 0 ? found : undefined
  }, 'the report')
  expect(told?.labels.grpc_response_status).toBe('0')
})
