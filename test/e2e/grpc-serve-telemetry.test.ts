import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { SpanKind, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type CallRecord,
  type MessagesRecord,
  nullRecorder,
  type Recorder,
} from '../../packages/mesh-client/src/kernel/recorder.ts'
import { createTracing } from '../../packages/mesh-client/src/telemetry/otel-tracing.ts'
import { bareClient, hello, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { heldReports } from '../support/held-reports.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { registerOtel, type TestOtel } from '../support/otel.ts'
import { poll } from '../support/poll.ts'

// What is told of calls that a served Server of grpc-js takes from a client that knows of no mesh.
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'
const HELLO = 'weft.test.Greeter/Hello'
const tracing = createTracing('1', () => false)

let otel: TestOtel

beforeEach(() => {
  otel = registerOtel()
})

afterEach(() => otel.unregister())

function traced(): Metadata {
  const metadata = new Metadata()
  metadata.set('traceparent', `00-${TRACE_ID}-${SPAN_ID}-01`)
  return metadata
}

/** Calls a method by its path, whether there is one. */
async function callPath(address: string, path: string): Promise<ServiceError | null> {
  const client = new Client(address, credentials.createInsecure())
  const bytes = (value: Buffer): Buffer => value
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), (error) => resolve(error))
    })
  } finally {
    client.close()
  }
}

const spanTold = () => poll(() => otel.spans().find(({ kind }) => kind === SpanKind.SERVER), 'the SERVER span')

test('a served call has one SERVER span in the trace of its caller, around what the method does', async () => {
  await using harness = inboundHarness({ tracing })
  let active: string | undefined
  const { address } = await serveGreeter(harness, {
    implementation: {
      hello(call, reply) {
        active = trace.getActiveSpan()?.spanContext().spanId
        reply(null, { text: call.request.name })
      },
    },
  })
  using client = bareClient(address)
  await hello(client, 'a', traced())
  const span = await spanTold()
  const { name, attributes, parentSpanContext } = span
  expect(name).toBe(HELLO)
  expect(attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': HELLO,
    'rpc.status_code': 'OK',
    'server.address': '127.0.0.1',
    'server.port': Number(address.split(':')[1]),
    'network.peer.address': '127.0.0.1',
  })
  expect(parentSpanContext).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID })
  expect(active).toBe(span.spanContext().spanId)
  expect(otel.spans()).toHaveLength(1)
})

test('a method that the server does not have is told as _OTHER, also where policy denies it', async () => {
  await using harness = inboundHarness({ tracing })
  const { address } = await serveGreeter(harness)
  expect((await callPath(address, '/made.Up/Name'))?.code).toBe(status.UNIMPLEMENTED)
  harness.policy.set({
    inbound: {
      ...inboundPolicy([]),
      authorization: { deny: [{ name: 'ns/no', rules: [{ urlPath: { prefix: '/' } }] }] },
    },
  })
  expect((await callPath(address, '/made.Up/Name'))?.code).toBe(status.PERMISSION_DENIED)
  expect((await callPath(address, `/${HELLO}`))?.code).toBe(status.PERMISSION_DENIED)
  const spans = await poll(() => (otel.spans().length === 3 ? otel.spans() : undefined), 'three spans')
  expect(
    spans.map(({ name, attributes }) => [
      name,
      attributes['rpc.method'],
      attributes['rpc.method_original'],
      attributes['rpc.status_code'],
      attributes['error.type'],
    ]),
  ).toEqual([
    ['grpc', '_OTHER', 'made.Up/Name', 'UNIMPLEMENTED', 'UNIMPLEMENTED'],
    ['grpc', '_OTHER', 'made.Up/Name', 'PERMISSION_DENIED', undefined],
    [HELLO, HELLO, undefined, 'PERMISSION_DENIED', undefined],
  ])
  expect(harness.calls.map(({ grpcStatus }) => grpcStatus)).toEqual(['12', '7', '7'])
  expect(harness.audited.map(({ status: http, grpcStatus }) => [http, grpcStatus])).toEqual([
    [200, '7'],
    [200, '7'],
  ])
})

test('a stream tells its messages while it runs, and at its end only what is left', async () => {
  const told: MessagesRecord[] = []
  const calls: CallRecord[] = []
  const recorder: Recorder = {
    ...nullRecorder,
    messages: (record) => void told.push(record),
    call: (record) => void calls.push(record),
  }
  const { due, timers } = heldReports()
  await using harness = inboundHarness({ recorder, timers })
  const { address } = await serveGreeter(harness)
  using client = bareClient(address)
  await hello(client, 'unary')
  expect(due).toHaveLength(0)
  const chat = client.chat()
  let heard = 0
  chat.on('data', () => heard++)
  for (let i = 0; i < 3; i++) chat.write({ name: 'a' })
  await poll(() => heard === 3, 'three answers')
  expect(due).toHaveLength(1)
  due.shift()?.()
  chat.write({ name: 'b' })
  await poll(() => heard === 4, 'another answer')
  chat.end()
  await poll(() => calls.length === 2, 'the record of the stream')
  expect(
    told.map(({ reporter, requestMessages, responseMessages }) => [reporter, requestMessages, responseMessages]),
  ).toEqual([['destination', 3, 3]])
  expect(calls.map(({ requestMessages, responseMessages }) => [requestMessages, responseMessages])).toEqual([
    [1, 1],
    [1, 1],
  ])
})
