import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { B3Propagator } from '@opentelemetry/propagator-b3'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type {
  CallEnd,
  ClientCallFacts,
  ClientSpan,
  ServerCallFacts,
  ServerSpan,
} from '../../../../packages/mesh-client/src/kernel/tracing.ts'
import { createTracing } from '../../../../packages/mesh-client/src/telemetry/otel-tracing.ts'
import { registerOtel, type TestOtel } from '../../../support/otel.ts'

const METHOD = 'shop.v1.Ratings/GetRating'
const CLIENT: ClientCallFacts = {
  method: 'POST',
  scheme: 'http',
  host: 'ratings',
  port: 9090,
  path: `/${METHOD}`,
  isGrpc: true,
}
const SERVER: ServerCallFacts = { ...CLIENT, headers: {}, peerAddress: '10.0.0.9', isKnownMethod: true }
const OK: CallEnd = { status: 200, flags: '-', grpcStatus: '0' }
const GRPC_INSTRUMENTATION = '@opentelemetry/instrumentation-grpc'

const tracing = createTracing('1.2.3', () => true)
let otel: TestOtel

beforeEach(() => {
  otel = registerOtel()
})

afterEach(() => otel.unregister())

function client(facts: Partial<ClientCallFacts> = {}): ClientSpan {
  const span = tracing.startClient({ ...CLIENT, ...facts })
  if (span === undefined) throw new Error('no span')
  return span
}

function server(facts: Partial<ServerCallFacts> = {}): ServerSpan {
  const span = tracing.startServer({ ...SERVER, ...facts })
  if (span === undefined) throw new Error('no span')
  return span
}

function only(): ReadableSpan {
  const [told, ...more] = otel.spans()
  if (told === undefined || more.length > 0) throw new Error(`${otel.spans().length} spans`)
  return told
}

function headersOf(span: ClientSpan): Record<string, string> {
  const headers: Record<string, string> = {}
  span.inject((name, value) => {
    headers[name] = value
  }, false)
  return headers
}

describe('CLIENT span of a call of gRPC', () => {
  test('is told by the conventions for RPC, and nothing by those for HTTP', () => {
    const span = client()
    span.attempt({ address: '10.0.0.1', port: 4001 }, 0)
    span.end(OK)
    expect(only()).toMatchObject({ name: METHOD, kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } })
    expect(only().attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': METHOD,
      'rpc.status_code': 'OK',
      'server.address': 'ratings',
      'server.port': 9090,
      'network.peer.address': '10.0.0.1',
      'network.peer.port': 4001,
    })
  })

  test('tells each further attempt', () => {
    const span = client()
    span.attempt({ address: '10.0.0.1', port: 1 }, 0)
    span.attempt({ address: '10.0.0.2', port: 2 }, 1)
    span.end({ status: 200, flags: 'URX', grpcStatus: '14' })
    expect(only().attributes).toMatchObject({
      'weft.resend_count': 1,
      'network.peer.address': '10.0.0.2',
      'weft.response_flags': 'URX',
    })
    expect(only().events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['weft.resend', { 'weft.resend_count': 1, 'network.peer.address': '10.0.0.2', 'network.peer.port': 2 }],
    ])
  })

  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  test.each<[string, CallEnd, string]>([
    ['a fault of the server', { ...OK, grpcStatus: '13' }, 'INTERNAL'],
    ['a fault of the caller', { ...OK, grpcStatus: '5' }, 'NOT_FOUND'],
    ['a refusal of the mesh', { ...OK, flags: 'UH', grpcStatus: '14' }, 'UNAVAILABLE'],
    ['a status that gRPC does not know', { ...OK, grpcStatus: '42' }, '42'],
    ['no status at all', { ...OK, grpcStatus: '-1' }, 'UNKNOWN'],
    ['nobody reached', { status: 0, flags: 'UF', error: refused }, 'UNAVAILABLE'],
    ['a caller that gave up', { status: 0, flags: 'DC' }, 'CANCELLED'],
    ['no answer in time', { status: 0, flags: 'UT,URX', grpcStatus: '' }, 'DEADLINE_EXCEEDED'],
  ])('ends failed with %s', (_, end, code) => {
    client().end(end)
    expect(only().status.code).toBe(SpanStatusCode.ERROR)
    expect(only().attributes).toMatchObject({ 'rpc.status_code': code, 'error.type': code })
  })

  test('carries the message of the error, and not the code once more', () => {
    client().end({ status: 0, flags: 'UF', error: refused })
    expect(only().status.message).toBe('connect ECONNREFUSED')
  })

  test.each(['/', '/a', '/a/b/c', '/a/b?c=d', '//b'])('of a path that is no method, %s, is told as _OTHER', (path) => {
    client({ path }).end(OK)
    expect(only().name).toBe('grpc')
    expect(only().attributes).toMatchObject({ 'rpc.method': '_OTHER', 'rpc.method_original': path.slice(1) })
  })
})

describe('SERVER span of a call of gRPC', () => {
  test('is there where node:http is instrumented, which does not see gRPC', () => {
    server().end(OK)
    expect(only()).toMatchObject({ name: METHOD, kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } })
    expect(only().attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': METHOD,
      'rpc.status_code': 'OK',
      'server.address': 'ratings',
      'server.port': 9090,
      'network.peer.address': '10.0.0.9',
    })
  })

  test.each([
    ['1', 'CANCELLED', false],
    ['2', 'UNKNOWN', true],
    ['3', 'INVALID_ARGUMENT', false],
    ['4', 'DEADLINE_EXCEEDED', true],
    ['5', 'NOT_FOUND', false],
    ['6', 'ALREADY_EXISTS', false],
    ['7', 'PERMISSION_DENIED', false],
    ['8', 'RESOURCE_EXHAUSTED', false],
    ['9', 'FAILED_PRECONDITION', false],
    ['10', 'ABORTED', false],
    ['11', 'OUT_OF_RANGE', false],
    ['12', 'UNIMPLEMENTED', true],
    ['13', 'INTERNAL', true],
    ['14', 'UNAVAILABLE', true],
    ['15', 'DATA_LOSS', true],
    ['16', 'UNAUTHENTICATED', false],
  ])('with status %s, %s: failed is %s', (grpcStatus, code, failed) => {
    server().end({ ...OK, grpcStatus })
    expect(only().attributes['rpc.status_code']).toBe(code)
    expect(only().status.code).toBe(failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET)
    expect(only().attributes['error.type']).toBe(failed ? code : undefined)
  })

  test('whose caller left before its answer is cancelled, and nobody is to blame', () => {
    server().end({ status: 0, flags: 'DC', grpcStatus: '' })
    expect(only().attributes['rpc.status_code']).toBe('CANCELLED')
    expect(only().status.code).toBe(SpanStatusCode.UNSET)
  })

  test('tells what access policies decided', () => {
    server().end({ ...OK, grpcStatus: '7', access: { decision: 'denied', policy: 'ns/p' } })
    expect(only().attributes).toMatchObject({ 'weft.access.decision': 'denied', 'weft.access.policy': 'ns/p' })
  })

  const OTHER = { name: 'grpc', method: '_OTHER', original: METHOD }
  const NAMED = { name: METHOD, method: METHOD, original: undefined }
  test.each<[string, boolean | undefined, CallEnd, typeof OTHER | typeof NAMED]>([
    ['the server has, whatever it says', true, { ...OK, grpcStatus: '12' }, NAMED],
    ['the server has not', false, { ...OK, grpcStatus: '12' }, OTHER],
    ['nobody knows, answered by a method', undefined, OK, NAMED],
    ['nobody knows, failed in a method', undefined, { ...OK, grpcStatus: '13' }, NAMED],
    ['nobody knows, not implemented', undefined, { ...OK, grpcStatus: '12' }, OTHER],
    ['nobody knows, denied', undefined, { ...OK, grpcStatus: '7' }, OTHER],
    ['nobody knows, a fault of the mesh', undefined, { ...OK, grpcStatus: '13', flags: 'FI' }, OTHER],
    ['nobody knows, left', undefined, { status: 0, flags: 'DC' }, OTHER],
  ])('of a method that %s', (_, isKnownMethod, end, expected) => {
    server({ isKnownMethod }).end(end)
    const { name, attributes } = only()
    const { 'rpc.method': method, 'rpc.method_original': original } = attributes
    expect({ name, method, original }).toEqual(expected)
  })
})

describe('context of calls of gRPC', () => {
  test('goes through metadata, HTTP and gRPC in turn, as one trace', () => {
    const outer = client()
    const served = server({ headers: headersOf(outer) })
    const inner = served.run(() => client({ isGrpc: false, method: 'GET', path: '/details' }))
    const last = tracing.startServer({ ...SERVER, headers: headersOf(inner) })
    last?.end(OK)
    inner.end({ status: 200, flags: '-' })
    served.end(OK)
    outer.end(OK)
    const [details, http, ratings, caller] = otel.spans()
    expect(details?.parentSpanContext?.spanId).toBe(http?.spanContext().spanId)
    expect(http?.parentSpanContext?.spanId).toBe(ratings?.spanContext().spanId)
    expect(ratings?.parentSpanContext).toMatchObject({ spanId: caller?.spanContext().spanId, isRemote: true })
  })

  test('goes as B3 where the propagators of the provider say so', () => {
    otel.unregister()
    otel = registerOtel({ propagator: new B3Propagator() })
    expect(Object.keys(headersOf(client()))).toEqual(['b3'])
  })
})

describe('beside an instrumentation of grpc-js', () => {
  /** As the instrumentation starts a call: its span is active while the call is made. */
  const instrumented = <T>(action: () => T, { scope = GRPC_INSTRUMENTATION, kind = SpanKind.CLIENT } = {}): T => {
    const span = trace.getTracer(scope).startSpan('theirs', { kind })
    try {
      return context.with(trace.setSpan(context.active(), span), action)
    } finally {
      span.end()
    }
  }

  test('a call has its span alone, which is told what the mesh did', () => {
    const headers = instrumented(() => {
      const span = client()
      span.attempt({ address: '10.0.0.1', port: 1 }, 0)
      span.attempt({ address: '10.0.0.2', port: 2 }, 1)
      expect(span.run(() => trace.getActiveSpan()?.isRecording())).toBe(true)
      span.end({ ...OK, flags: 'URX' })
      return headersOf(span)
    })
    expect(only()).toMatchObject({
      name: 'theirs',
      attributes: { 'network.peer.address': '10.0.0.2', 'weft.resend_count': 1, 'weft.response_flags': 'URX' },
    })
    expect(only().attributes).not.toHaveProperty('rpc.status_code')
    expect(headers.traceparent).toContain(only().spanContext().spanId)
  })

  test.each<[string, () => void]>([
    ['made for a served call', () => instrumented(() => client().end(OK), { kind: SpanKind.SERVER })],
    ["below somebody else's span", () => instrumented(() => client().end(OK), { scope: 'app' })],
    [
      'made in the callback of the call before',
      () => {
        const resumed = instrumented(() => context.bind(context.active(), () => client().end(OK)))
        resumed()
      },
    ],
  ])('a call %s has a span of its own', (_, call) => {
    call()
    expect(
      otel
        .spans()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([METHOD, 'theirs'])
  })

  test('HTTP is not concerned', () => {
    instrumented(() => client({ isGrpc: false, method: 'GET', path: '/' }).end({ status: 200, flags: '-' }))
    expect(otel.spans().map(({ name }) => name)).toEqual(['GET', 'theirs'])
  })

  test('a served call has the span of its handler alone', () => {
    const span = server({ hasOtherSpan: true })
    expect(span.run(() => 'served')).toBe('served')
    span.end(OK)
    expect(otel.spans()).toEqual([])
  })

  test('a call that is refused before its handler has one of the mesh, from when it came', () => {
    const now = Date.now() - 5_000
    const late = createTracing('1.2.3', () => true, { wallNow: () => now })
    const headers = headersOf(client())
    late.startServer({ ...SERVER, headers, hasOtherSpan: true })?.end({ ...OK, flags: 'RBAC', grpcStatus: '7' })
    expect(only()).toMatchObject({
      name: METHOD,
      kind: SpanKind.SERVER,
      attributes: { 'rpc.status_code': 'PERMISSION_DENIED' },
      parentSpanContext: { isRemote: true },
    })
    expect(only().startTime[0]).toBe(Math.floor(now / 1_000))
  })
})
