import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Server } from 'node:http'
import { promisify } from 'node:util'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { B3Propagator } from '@opentelemetry/propagator-b3'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, test } from 'vitest'
import { isServerInstrumented } from '../../../../packages/mesh-client/src/http/server-instrumented.ts'
import type {
  CallEnd,
  ClientCallFacts,
  ClientSpan,
  ServerCallFacts,
  Tracing,
} from '../../../../packages/mesh-client/src/kernel/tracing.ts'
import { createTracing as tracingBeside } from '../../../../packages/mesh-client/src/telemetry/otel-tracing.ts'
import { registerOtel, type TestOtel } from '../../../support/otel.ts'
import { ROOT } from '../../../support/source-files.ts'

const CLIENT: ClientCallFacts = { method: 'GET', scheme: 'http', host: 'reviews', port: 9080, path: '/reviews/7?x=1' }
const SERVER: ServerCallFacts = { ...CLIENT, headers: {}, peerAddress: '10.0.0.9' }
const OK: CallEnd = { status: 200, flags: '-' }
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'

const createTracing = (version: string): Tracing => tracingBeside(version, () => false)

let otel: TestOtel | undefined

afterEach(() => {
  otel?.unregister()
  otel = undefined
})

function headersOf(span: ClientSpan | undefined, byUndici = true): Record<string, string> {
  const headers: Record<string, string> = {}
  span?.inject((name, value) => {
    headers[name] = value
  }, byUndici)
  return headers
}

function client(tracing: Tracing, facts: Partial<ClientCallFacts> = {}): ClientSpan {
  const span = tracing.startClient({ ...CLIENT, ...facts })
  if (span === undefined) throw new Error('no span')
  return span
}

describe('whether there is a provider', () => {
  test('none: no span is started', () => {
    const tracing = createTracing('1')
    expect(tracing.startClient(CLIENT)).toBeUndefined()
    expect(tracing.startServer(SERVER)).toBeUndefined()
  })

  test('the package is not there: no tracing', async () => {
    const script = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name !== '@opentelemetry/api') return next(name, context)
          throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' })
        },
      })
      const { createTracing } = await import('./packages/mesh-client/src/telemetry/otel-tracing.ts')
      console.log(createTracing('1', () => false).startClient({ method: 'GET' }))`
    const flags = ['--conditions=@weft/source', '--no-warnings', '--input-type=module', '-e', script]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: ROOT, timeout: 10_000 })
    expect(stdout.trim()).toBe('undefined')
  })

  test('one that comes later, goes and comes again is seen each time', () => {
    const tracing = createTracing('1')
    expect(tracing.startClient(CLIENT)).toBeUndefined()
    for (let round = 0; round < 2; round++) {
      otel = registerOtel()
      client(tracing).end(OK)
      expect(otel.spans().map(({ name }) => name)).toEqual(['GET'])
      otel.unregister()
      expect(tracing.startClient(CLIENT)).toBeUndefined()
    }
  })
})

describe('CLIENT span', () => {
  test('says what was called and how it ended', () => {
    otel = registerOtel()
    const span = client(createTracing('1.2.3'))
    span.attempt({ address: '10.0.0.1', port: 4001 }, 0)
    span.end(OK)
    const [told] = otel.spans()
    expect(told).toMatchObject({
      name: 'GET',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      events: [],
    })
    expect(told?.instrumentationScope).toMatchObject({ name: '@weft/mesh-client', version: '1.2.3' })
    expect(told?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': 'reviews',
      'server.port': 9080,
      'url.full': 'http://reviews:9080/reviews/7?x=1',
      'network.peer.address': '10.0.0.1',
      'network.peer.port': 4001,
      'http.response.status_code': 200,
    })
  })

  test('tells each further attempt', () => {
    otel = registerOtel()
    const span = client(createTracing('1'))
    span.attempt({ address: '10.0.0.1', port: 1 }, 0)
    span.attempt({ address: '10.0.0.2', port: 2 }, 1)
    span.attempt({ address: '10.0.0.3', port: 3 }, 2)
    span.end({ status: 503, flags: 'URX' })
    const [told] = otel.spans()
    expect(told?.attributes).toMatchObject({
      'http.request.resend_count': 2,
      'network.peer.address': '10.0.0.3',
      'weft.response_flags': 'URX',
    })
    expect(told?.events.map(({ attributes }) => attributes)).toEqual([
      { 'http.request.resend_count': 1, 'network.peer.address': '10.0.0.2', 'network.peer.port': 2 },
      { 'http.request.resend_count': 2, 'network.peer.address': '10.0.0.3', 'network.peer.port': 3 },
    ])
  })

  test('tells what access policies decided', () => {
    otel = registerOtel()
    client(createTracing('1')).end({ status: 403, flags: '-', access: { decision: 'denied', policy: 'ns/p' } })
    client(createTracing('1')).end({
      status: 401,
      flags: '-',
      access: { decision: 'unauthenticated', policy: undefined },
    })
    const [denied, unauthenticated] = otel.spans().map(({ attributes }) => attributes)
    expect(denied).toMatchObject({ 'weft.access.decision': 'denied', 'weft.access.policy': 'ns/p' })
    expect(unauthenticated).toMatchObject({ 'weft.access.decision': 'unauthenticated' })
    expect(unauthenticated).not.toHaveProperty('weft.access.policy')
  })

  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  test.each<[string, CallEnd, SpanStatusCode, string | undefined]>([
    ['302', { status: 302, flags: '-' }, SpanStatusCode.UNSET, undefined],
    ['404', { status: 404, flags: '-' }, SpanStatusCode.ERROR, '404'],
    ['local reply', { status: 503, flags: 'UH' }, SpanStatusCode.ERROR, '503'],
    ['refused', { status: 0, flags: 'UF', error: refused }, SpanStatusCode.ERROR, 'ECONNREFUSED'],
    [
      'aborted',
      { status: 0, flags: 'DC', error: new DOMException('', 'AbortError') },
      SpanStatusCode.ERROR,
      'AbortError',
    ],
    ['reset, nobody says why', { status: 0, flags: 'UC' }, SpanStatusCode.ERROR, 'UC'],
    ['nothing is known', { status: 0, flags: '-' }, SpanStatusCode.ERROR, '_OTHER'],
  ])('ends with %s', (_, end, code, type) => {
    otel = registerOtel()
    client(createTracing('1')).end(end)
    const [told] = otel.spans()
    expect(told?.status.code).toBe(code)
    expect(told?.attributes['error.type']).toBe(type)
  })

  test.each([
    [{ scheme: 'https', port: 443, path: '/' }, { 'url.full': 'https://reviews/' }],
    [
      { host: '::1', port: 80, path: '/a' },
      { 'url.full': 'http://[::1]/a', 'server.address': '::1' },
    ],
    [{ path: '/o?a=1&sig=secret&b=2' }, { 'url.full': 'http://reviews:9080/o?a=1&sig=REDACTED&b=2' }],
    [{ method: 'BREW' }, { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' }],
  ])('of %j has %j', (facts, expected) => {
    otel = registerOtel()
    client(createTracing('1'), facts).end(OK)
    expect(otel.spans()[0]?.attributes).toMatchObject(expected)
    expect(otel.spans()[0]?.name).toBe('method' in facts ? 'HTTP' : 'GET')
  })
})

describe('context', () => {
  test('goes from caller to server to its outbound call as W3C', () => {
    otel = registerOtel()
    const tracing = createTracing('1')
    const outer = client(tracing)
    const server = tracing.startServer({ ...SERVER, headers: headersOf(outer) })
    const inner = server?.run(() => client(tracing, { host: 'ratings' }))
    inner?.end(OK)
    server?.end(OK)
    outer.end(OK)
    const [ratings, reviews, caller] = otel.spans()
    expect(reviews?.kind).toBe(SpanKind.SERVER)
    expect(reviews?.parentSpanContext).toMatchObject({ spanId: caller?.spanContext().spanId, isRemote: true })
    expect(ratings?.parentSpanContext?.spanId).toBe(reviews?.spanContext().spanId)
    expect(new Set(otel.spans().map((span) => span.spanContext().traceId)).size).toBe(1)
  })

  test('goes as B3 where the propagators of the provider say so', () => {
    otel = registerOtel({ propagator: new B3Propagator() })
    const tracing = createTracing('1')
    const server = tracing.startServer({ ...SERVER, headers: { b3: `${TRACE_ID}-${SPAN_ID}-1` } })
    const headers = headersOf(server?.run(() => client(tracing)))
    server?.end(OK)
    expect(Object.keys(headers)).toEqual(['b3'])
    expect(headers.b3).toMatch(new RegExp(`^${TRACE_ID}-[0-9a-f]{16}-1`))
    expect(otel.spans()[0]?.parentSpanContext?.spanId).toBe(SPAN_ID)
  })

  test('goes on from an unsampled caller', () => {
    otel = registerOtel()
    const tracing = createTracing('1')
    const server = tracing.startServer({ ...SERVER, headers: { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` } })
    const headers = headersOf(server?.run(() => client(tracing)))
    expect(headers.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`))
    expect(otel.spans()).toEqual([])
  })

  test('of a span that is not sampled costs no attributes and does not fail', () => {
    otel = registerOtel({ sampler: new AlwaysOffSampler() })
    const span = client(createTracing('1'))
    span.attempt({ address: 'a', port: 1 }, 1)
    expect(headersOf(span).traceparent).toMatch(/-00$/)
    span.end({ status: 0, flags: 'UF', error: new Error('x') })
    expect(otel.spans()).toEqual([])
  })

  test('a server does not inherit the span that was active when it began to listen', () => {
    otel = registerOtel()
    const tracing = createTracing('1')
    const boot = trace.getTracer('app').startSpan('boot')
    const server = context.with(trace.setSpan(context.active(), boot), () => tracing.startServer(SERVER))
    server?.end(OK)
    expect(otel.spans()[0]?.parentSpanContext).toBeUndefined()
  })

  test('run gives the result and lets errors through, with the span active', () => {
    otel = registerOtel()
    const span = client(createTracing('1'))
    expect(span.run(() => trace.getActiveSpan()?.isRecording())).toBe(true)
    expect(() => span.run(() => JSON.parse('{'))).toThrow(SyntaxError)
    expect(trace.getActiveSpan()).toBeUndefined()
  })
})

describe('beside other instrumentations', () => {
  test('headers are left to an instrumentation of undici, of requests that it sees', () => {
    otel = registerOtel()
    const span = client(createTracing('1'))
    const instrumentation = (): void => undefined
    subscribe('undici:request:create', instrumentation)
    try {
      expect(headersOf(span)).toEqual({})
      expect(Object.keys(headersOf(span, false))).toEqual(['traceparent'])
    } finally {
      unsubscribe('undici:request:create', instrumentation)
    }
    expect(Object.keys(headersOf(span))).toEqual(['traceparent'])
  })

  test('the SERVER span is left to an instrumentation of node:http', () => {
    otel = registerOtel()
    const tracing = tracingBeside('1', isServerInstrumented)
    const emit = Object.assign(() => true, { __wrapped: true })
    Object.defineProperty(Server.prototype, 'emit', { value: emit, configurable: true, writable: true })
    try {
      expect(tracing.startServer(SERVER)).toBeUndefined()
    } finally {
      delete (Server.prototype as { emit?: unknown }).emit
    }
    expect(tracing.startServer(SERVER)).toBeDefined()
  })
})

describe('SERVER span', () => {
  test('says what was asked and by whom', () => {
    otel = registerOtel()
    createTracing('1')
      .startServer({ ...SERVER, headers: { 'user-agent': 'curl/8' } })
      ?.end(OK)
    expect(otel.spans()[0]?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/reviews/7',
      'url.query': 'x=1',
      'server.address': 'reviews',
      'server.port': 9080,
      'client.address': '10.0.0.9',
      'network.peer.address': '10.0.0.9',
      'user_agent.original': 'curl/8',
      'http.response.status_code': 200,
    })
  })

  test.each<[CallEnd, SpanStatusCode, string | undefined]>([
    [{ status: 404, flags: '-' }, SpanStatusCode.UNSET, undefined],
    [{ status: 500, flags: '-' }, SpanStatusCode.ERROR, '500'],
    [{ status: 0, flags: 'DC' }, SpanStatusCode.UNSET, undefined],
    [{ status: 0, flags: '-', error: new RangeError('boom') }, SpanStatusCode.ERROR, 'RangeError'],
  ])('ends with %j', (end, code, type) => {
    otel = registerOtel()
    createTracing('1').startServer(SERVER)?.end(end)
    expect(otel.spans()[0]?.status.code).toBe(code)
    expect(otel.spans()[0]?.attributes['error.type']).toBe(type)
  })
})
