import { request } from 'node:http'
import * as grpc from '@grpc/grpc-js'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GreeterClient } from '../support/grpc/gen/greeter.ts'
import { type BareGreeter, registerGreeter, startBareGreeter } from '../support/grpc/greeter-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { registerOtel } from '../support/otel.ts'
import { poll } from '../support/poll.ts'

/*
 * What follows an inbound request to the gRPC calls that are made while it is served, whatever their channel is made of.
 */

let scene: MeshScene
let greeter: BareGreeter
beforeAll(async () => {
  scene = await openMeshScene()
  greeter = await startBareGreeter('greeter')
  await registerGreeter(scene.control.url, 'greeter', greeter.port)
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await greeter[Symbol.asyncDispose]()
})

type Connect = (mesh: Mesh) => GreeterClient
const TARGET = 'weft:///greeter:50051'

const CHANNELS: readonly (readonly [string, Connect])[] = [
  [
    'a channel of the mesh',
    (mesh) => new GreeterClient(TARGET, meshGrpc(mesh).credentials(), meshGrpc(mesh).channelOptions()),
  ],
  [
    'a channel of the mesh, with interceptors that it does not need',
    (mesh) => {
      const own = meshGrpc(mesh)
      const options = { ...own.channelOptions(), interceptors: own.interceptors }
      return new GreeterClient(TARGET, own.credentials(), options)
    },
  ],
  [
    'a channel that grpc-js makes for the mesh',
    (mesh) => {
      const own = meshGrpc(mesh)
      const channelOverride = new grpc.Channel(TARGET, own.credentials(), own.channelOptions())
      return new GreeterClient(TARGET, own.credentials(), { channelOverride })
    },
  ],
  [
    'a channel that is not of the mesh, with interceptors',
    (mesh) => {
      const { interceptors } = meshGrpc(mesh)
      return new GreeterClient(`127.0.0.1:${greeter.port}`, grpc.credentials.createInsecure(), { interceptors })
    },
  ],
]

interface Served {
  readonly url: string
  readonly client: GreeterClient
  /** Of the calls that were made while requests were served. */
  readonly ends: readonly { readonly code: number; readonly afterMs: number }[]
  close(): void
}

/** Serves HTTP requests: `/hello` by a unary call, `/chat` by one that nobody ends. */
async function serve(connect: Connect): Promise<Served> {
  const mesh = scene.join({ service: 'front', propagate: ['x-canary'] })
  const client = connect(mesh)
  const ends: { code: number; afterMs: number }[] = []
  const server = await mesh.serve(
    (incoming, response) => {
      const startedAt = performance.now()
      const ended = (code: number): void => {
        ends.push({ code, afterMs: performance.now() - startedAt })
        response.end(String(code))
      }
      if (incoming.url === '/chat') {
        const call = client.chat()
        call.on('error', ({ code }: grpc.ServiceError) => ended(code)).resume()
        call.write({ name: 'ann' })
        return
      }
      const metadata = new grpc.Metadata()
      if (incoming.url === '/own') metadata.set('x-canary', 'own')
      client.hello({ name: 'ann' }, metadata, (error) => ended(error?.code ?? 0))
    },
    { host: '127.0.0.1' },
  )
  await mesh.ready({ timeoutMs: 10_000 })
  return { url: server.url, client, ends, close: () => client.close() }
}

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe.each(CHANNELS)('%s', (_, connect) => {
  test('carries the trace, the baggage and the metadata that are propagated', async () => {
    const front = await serve(connect)
    const headers = { 'x-canary': 'yes', 'x-request-id': 'r1', traceparent: TRACE, baggage: 'a=1', 'x-other': 'no' }
    expect(await (await fetch(`${front.url}/hello`, { headers })).text()).toBe('0')
    const got = greeter.calls.at(-1)
    expect(got).toMatchObject({ 'x-canary': 'yes', 'x-request-id': 'r1', traceparent: TRACE, baggage: 'a=1' })
    expect(got).not.toHaveProperty('x-other')
    await fetch(`${front.url}/own`, { headers })
    expect(greeter.calls.at(-1)).toMatchObject({ 'x-canary': 'own' })
    front.close()
  })

  test('ends with the time that the caller of the request has left', async () => {
    const front = await serve(connect)
    const headers = { 'x-envoy-expected-rq-timeout-ms': '200' }
    await fetch(`${front.url}/chat`, { headers })
    await poll(() => front.ends.length === 1, 'the end of the call')
    expect(front.ends[0]?.code).toBe(grpc.status.DEADLINE_EXCEEDED)
    expect(front.ends[0]?.afterMs).toBeLessThan(2_000)
    front.close()
  })

  test('ends when the caller of the request leaves', async () => {
    const front = await serve(connect)
    const before = greeter.cancelled
    const chats = greeter.calls.length
    const asked = request(`${front.url}/chat`).on('error', () => undefined)
    asked.end()
    await poll(() => greeter.calls.length > chats, 'the call')
    asked.destroy()
    await poll(() => front.ends.length === 1, 'the end of the call')
    expect(front.ends[0]?.code).toBe(grpc.status.CANCELLED)
    await poll(() => greeter.cancelled === before + 1, 'a server that knows')
    front.close()
  })

  test('carries nothing outside of requests', async () => {
    const front = await serve(connect)
    const answered = new Promise((resolve) => front.client.hello({ name: 'ann' }, resolve))
    expect(await answered).toBe(null)
    expect(greeter.calls.at(-1)).not.toHaveProperty('x-canary')
    front.close()
  })
})

/** A client that the mesh knows by its interceptors alone. */
function pastMesh(mesh: Mesh): GreeterClient & Disposable {
  const { interceptors } = meshGrpc(mesh)
  const client = new GreeterClient(`127.0.0.1:${greeter.port}`, grpc.credentials.createInsecure(), { interceptors })
  return Object.assign(client, { [Symbol.dispose]: () => client.close() })
}

const called = (client: GreeterClient, metadata = new grpc.Metadata()): Promise<unknown> =>
  new Promise((resolve) => client.hello({ name: 'ann' }, metadata, resolve))

describe('interceptors, on a channel that is not of the mesh', () => {
  test('leave the metadata that they were given as it was, for the next request', async () => {
    const mesh = scene.join({ service: 'front' })
    using client = pastMesh(mesh)
    const shared = new grpc.Metadata()
    const server = await mesh.serve(async (_, response) => response.end(String(await called(client, shared))), {
      host: '127.0.0.1',
    })
    await mesh.ready({ timeoutMs: 10_000 })
    for (const id of ['r1', 'r2']) {
      expect(await (await fetch(server.url, { headers: { 'x-request-id': id } })).text()).toBe('null')
      expect(greeter.calls.at(-1)).toMatchObject({ 'x-request-id': id })
    }
    expect(shared.getMap()).toEqual({})
  })

  test('leave out what a stranger has put into a header and metadata cannot hold', async () => {
    const mesh = scene.join({ service: 'front', propagate: ['x-canary'] })
    using client = pastMesh(mesh)
    const server = await mesh.serve(async (_, response) => response.end(String(await called(client))), {
      host: '127.0.0.1',
    })
    await mesh.ready({ timeoutMs: 10_000 })
    const headers = { 'x-canary': 'caf\u00e9', 'x-request-id': 'r1' }
    const text = await new Promise((resolve, reject) => {
      const asked = request(server.url, { headers }, (answer) => answer.setEncoding('utf8').on('data', resolve))
      asked.on('error', reject).end()
    })
    expect(text).toBe('null')
    expect(greeter.calls.at(-1)).toMatchObject({ 'x-request-id': 'r1' })
    expect(greeter.calls.at(-1)).not.toHaveProperty('x-canary')
  })

  describe('where there is a tracer', () => {
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
    const start = () => registerOtel({ propagator: new CompositePropagator({ propagators }) })
    let otel: ReturnType<typeof start>
    beforeAll(() => {
      otel = start()
    })
    afterAll(() => otel.unregister())

    test('carry the span that is active, which is that of the request, and make none', async () => {
      const mesh = scene.join({ service: 'front' })
      using client = pastMesh(mesh)
      const server = await mesh.serve(
        // As it is handed on by many: with the trace of the caller in it.
        async ({ headers }, response) => {
          const metadata = new grpc.Metadata()
          metadata.set('traceparent', String(headers.traceparent))
          metadata.set('baggage', 'own=1')
          response.end(String(await called(client, metadata)))
        },
        { host: '127.0.0.1' },
      )
      await mesh.ready({ timeoutMs: 10_000 })
      const before = otel.spans().length
      const headers = { traceparent: TRACE, baggage: 'tenant=7' }
      expect(await (await fetch(server.url, { headers })).text()).toBe('null')
      const spans = await poll(() => otel.spans().length > before && otel.spans().slice(before), 'the span')
      expect(spans.map(({ kind }) => kind)).toEqual([SpanKind.SERVER])
      const { traceId, spanId } = spans[0]?.spanContext() ?? {}
      expect(greeter.calls.at(-1)).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01` })
      expect(String(greeter.calls.at(-1)?.baggage).split(',').sort()).toEqual(['own=1', 'tenant=7'])
    })

    test('carry it outside of requests too', async () => {
      using client = pastMesh(scene.join({ service: 'front' }))
      const span = trace.getTracer('app').startSpan('job')
      const baggage = propagation.createBaggage({ job: { value: 'nightly' } })
      const active = propagation.setBaggage(trace.setSpan(context.active(), span), baggage)
      expect(await context.with(active, () => called(client))).toBe(null)
      const { traceId, spanId } = span.spanContext()
      expect(greeter.calls.at(-1)).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01`, baggage: 'job=nightly' })
      span.end()
    })

    test('carry nothing where nothing is active', async () => {
      using client = pastMesh(scene.join({ service: 'front' }))
      expect(await called(client)).toBe(null)
      expect(greeter.calls.at(-1)).not.toHaveProperty('traceparent')
    })

    test('make no second header or span on a channel of the mesh', async () => {
      const mesh = scene.join({ service: 'front' })
      const own = meshGrpc(mesh)
      const client = new GreeterClient(TARGET, own.credentials(), {
        ...own.channelOptions(),
        interceptors: own.interceptors,
      })
      const before = otel.spans().length
      const outer = trace.getTracer('app').startSpan('job')
      expect(await context.with(trace.setSpan(context.active(), outer), () => called(client))).toBe(null)
      const spans = await poll(() => otel.spans().length > before && otel.spans().slice(before), 'the span')
      expect(spans.map(({ kind }) => kind)).toEqual([SpanKind.CLIENT])
      const { traceId, spanId } = spans[0]?.spanContext() ?? {}
      expect(traceId).toBe(outer.spanContext().traceId)
      expect(greeter.calls.at(-1)).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01` })
      client.close()
    })
  })
})
