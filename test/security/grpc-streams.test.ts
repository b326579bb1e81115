import { once } from 'node:events'
import http2 from 'node:http2'
import { gzipSync } from 'node:zlib'
import type { Rbac } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { bareClient, hello, type ServedGreeter, serveGreeter } from '../support/grpc/serve-greeter.ts'
import { frame, HTTP2_PREFACE, literalHeaders } from '../support/http2-frames.ts'
import { type InboundHarness, inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

/* Clients that do to a server of gRPC what no library would. */

const NOBODY: Rbac = { deny: [{ name: 'ns/nobody', rules: [{ any: true }] }] }
const NO_HELLO: Rbac = { deny: [{ name: 'ns/no', rules: [{ urlPath: { exact: '/weft.test.Greeter/Hello' } }] }] }
const HELLO = '/weft.test.Greeter/Hello'
const UNKNOWN = '/weft.test.Greeter/Nothing'
const CHAT = '/weft.test.Greeter/Chat'

const DATA = 0
const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const END_HEADERS = 0x4
const END_STREAM_AND_HEADERS = 0x5
const { NGHTTP2_CANCEL: CANCEL, NGHTTP2_NO_ERROR: NO_ERROR, NGHTTP2_INTERNAL_ERROR: INTERNAL_ERROR } = http2.constants
const { NGHTTP2_PROTOCOL_ERROR: PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM: REFUSED_STREAM } = http2.constants

interface Scene extends ServedGreeter, AsyncDisposable {
  readonly harness: InboundHarness
  /** Names of whoever was greeted. */
  readonly greeted: string[]
}

async function serve(authorization?: Rbac, deps: Parameters<typeof inboundHarness>[0] = {}): Promise<Scene> {
  const harness = inboundHarness(deps)
  if (authorization !== undefined) harness.policy.set({ inbound: { ...inboundPolicy([]), authorization } })
  const greeted: string[] = []
  const served = await serveGreeter(harness, {
    implementation: {
      hello(call, reply) {
        greeted.push(call.request.name)
        reply(null, { text: call.request.name })
      },
    },
  })
  return { ...served, harness, greeted, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() }
}

const headOf = (path: string, headers: http2.OutgoingHttpHeaders = {}): http2.OutgoingHttpHeaders => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...headers,
})

const EMPTY_MESSAGE = Buffer.alloc(5)

interface Answer {
  readonly status: number | undefined
  readonly grpcStatus: unknown
  readonly rstCode: number | undefined
}

/** Sends a call and gives what its stream comes to. */
function send(session: http2.ClientHttp2Session, head: http2.OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request(head)
    let answer: Pick<Answer, 'status' | 'grpcStatus'> = { status: undefined, grpcStatus: undefined }
    stream.on('response', (headers) => {
      answer = { status: headers[':status'], grpcStatus: headers['grpc-status'] }
    })
    stream.on('trailers', (trailers) => {
      answer = { ...answer, grpcStatus: trailers['grpc-status'] }
    })
    stream.on('error', () => undefined)
    stream.on('close', () => resolve({ ...answer, rstCode: stream.rstCode }))
    stream.resume()
    if (body !== undefined) stream.end(body)
  })
}

async function stillServes({ address, greeted }: Scene): Promise<void> {
  const before = greeted.length
  using client = bareClient(address)
  expect(await hello(client, 'after')).toMatchObject({ code: 0 })
  expect(greeted.length).toBe(before + 1)
}

describe('a call that is taken back in the same breath', () => {
  test.each([
    [CANCEL, HELLO],
    [NO_ERROR, HELLO],
    [INTERNAL_ERROR, HELLO],
    [CANCEL, UNKNOWN],
    [NO_ERROR, UNKNOWN],
    [INTERNAL_ERROR, UNKNOWN],
  ])('breaks nothing: code %i, %s', async (code, path) => {
    await using scene = await serve()
    const head = literalHeaders([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'a'],
      ['content-type', 'application/grpc'],
    ])
    const calls = [1, 3, 5].flatMap((id) => [
      frame(HEADERS, id === 3 ? END_HEADERS : END_STREAM_AND_HEADERS, id, head),
      frame(RST_STREAM, 0, id, Buffer.from([0, 0, 0, code])),
    ])
    const ping = frame(PING, 0, 0, Buffer.from('answered'))
    const connection = await rawConnection(scene.served.port)
    connection.socket.write(Buffer.concat([HTTP2_PREFACE, frame(SETTINGS, 0, 0), ...calls, ping]))
    await connection.until('answered')
    connection.socket.destroy()
    expect(scene.greeted).toEqual([])
    await stillServes(scene)
  })

  test.each([CANCEL, INTERNAL_ERROR])('or while its caller is looked at breaks nothing: code %i', async (code) => {
    const answers: (() => void)[] = []
    const ask = (): Promise<{ allowed: true }> =>
      new Promise((resolve) => void answers.push(() => resolve({ allowed: true })))
    await using scene = await serve(undefined, { ask: ask as never })
    const provider = { protocol: 'http', host: 'ext', port: 80, timeoutMs: 5_000, failOpen: false, statusOnError: 403 }
    const custom = [{ name: 'ns/ask', rules: [{ any: true }], provider: 'ext' }]
    scene.harness.policy.set({
      inbound: { ...inboundPolicy([]), authorization: { custom }, extAuthzProviders: { ext: provider } } as never,
    })
    const session = http2.connect(scene.served.url)
    for (const path of [HELLO, UNKNOWN]) {
      const stream = session.request(headOf(path))
      stream.on('error', () => undefined)
      stream.end(EMPTY_MESSAGE)
      await poll(() => answers.length > 0, 'the question')
      stream.close(code)
      await poll(() => scene.harness.calls.length > 0, 'the end of the call')
      for (const answer of answers.splice(0)) answer()
      scene.harness.calls.splice(0)
    }
    session.destroy()
    expect(scene.greeted).toEqual([])
    scene.harness.policy.set({ inbound: inboundPolicy([]) })
    await stillServes(scene)
  })
})

describe('a caller that gives up in its own way', () => {
  test.each(
    [NO_ERROR, CANCEL, INTERNAL_ERROR, PROTOCOL_ERROR, REFUSED_STREAM].flatMap(
      (code) =>
        [
          [code, HELLO],
          [code, CHAT],
        ] as const,
    ),
  )('is heard by the method, and counted as gone: code %i, %s', async (code, path) => {
    await using harness = inboundHarness()
    const told: string[] = []
    const hold = (call: { on(event: 'cancelled', listener: () => void): unknown }): void => {
      told.push('began')
      harness.context.getStore()?.boundCalls?.add({ callerLeft: () => void told.push('what it calls') })
      call.on('cancelled', () => void told.push('cancelled'))
    }
    // None is read, so that what came for a chat waits.
    const { served } = await serveGreeter(harness, { implementation: { hello: hold, chat: hold } })
    const session = http2.connect(served.url)
    const stream = session.request(headOf(path))
    stream.on('error', () => undefined)
    stream.resume()
    if (path === HELLO) stream.end(EMPTY_MESSAGE)
    else stream.write(EMPTY_MESSAGE)
    await poll(() => told.length === 1, 'the call')
    stream.close(code)
    await poll(() => told.length === 3, 'the method and what it calls to hear')
    expect(told.toSorted()).toEqual(['began', 'cancelled', 'what it calls'])
    expect(harness.calls).toMatchObject([{ protocol: 'grpc', status: 0, grpcStatus: '1', flags: 'DC' }])
    session.destroy()
  })
})

test('a call whose answer cannot be sent is over when its caller resets it, and its connection when that says goodbye', async () => {
  await using harness = inboundHarness()
  const { served } = await serveGreeter(harness, { implementation: { chat: (call) => void call.write({ text: 'a' }) } })
  const head = literalHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', CHAT],
    [':authority', 'a'],
    ['content-type', 'application/grpc'],
    ['grpc-timeout', '50m'],
  ])
  const noWindow = frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
  const connection = await rawConnection(served.port)
  // What it sends is not read, its answer waits for a window that never opens, and the deadline ends the call.
  const messages = frame(DATA, 0, 1, Buffer.alloc(10))
  connection.socket.write(Buffer.concat([HTTP2_PREFACE, noWindow, frame(HEADERS, END_HEADERS, 1, head), messages]))
  await new Promise((resolve) => setTimeout(resolve, 150))
  connection.socket.write(
    Buffer.concat([frame(RST_STREAM, 0, 1, Buffer.from([0, 0, 0, NO_ERROR])), frame(GOAWAY, 0, 0, Buffer.alloc(8))]),
  )
  await poll(() => harness.calls.length === 1, 'the end of the call')
  expect(harness.calls).toMatchObject([{ grpcStatus: '1', flags: 'DC' }])
  connection.socket.end()
  const open = (): Promise<number> =>
    new Promise((resolve) => served.server.getConnections((_error, count) => resolve(count)))
  await poll(async () => (await open()) === 0, 'the end of the connection')
})

describe('a path that is told otherwise than it is served', () => {
  test.each([
    `${HELLO}?x`,
    `/${HELLO}`,
    '/weft.test.Greeter/./Hello',
    '/weft.test.Greeter/x/../Hello',
    '/weft.test.Greeter/%48ello',
    '/weft.test.Greeter%2FHello',
    '\\weft.test.Greeter\\Hello',
    `http://a${HELLO}`,
    HELLO.toUpperCase(),
  ])('%s', async (path) => {
    await using scene = await serve(NO_HELLO)
    const session = http2.connect(scene.served.url)
    const { grpcStatus } = await send(session, headOf(path), EMPTY_MESSAGE)
    session.destroy()
    expect(grpcStatus).not.toBe('0')
    expect(scene.greeted).toEqual([])
  })

  test.each(['application/grpcish', 'application/grpc-web', 'application/grpc+x', 'APPLICATION/GRPC', 'text/plain'])(
    'nor does a content type of its own pass by policy: %s',
    async (type) => {
      await using scene = await serve(NOBODY)
      const session = http2.connect(scene.served.url)
      const { status, grpcStatus } = await send(session, headOf(HELLO, { 'content-type': type }), EMPTY_MESSAGE)
      session.destroy()
      expect(status === 403 || grpcStatus === '7').toBe(true)
      expect(scene.greeted).toEqual([])
      await poll(() => scene.harness.calls.length > 0, 'recorded')
      expect(scene.harness.calls).toMatchObject([{ status, grpcStatus, flags: '-' }])
    },
  )
})

test.each(['application/grpc', 'application/grpc+json', 'application/grpcish', 'application/grpc-web'])(
  'whatever is served as a call is counted as one, with its status: %s',
  async (type) => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url)
    const head = { 'content-type': type }
    expect(await send(session, headOf(HELLO, head), EMPTY_MESSAGE)).toMatchObject({ grpcStatus: '0' })
    expect(await send(session, headOf(UNKNOWN, head), EMPTY_MESSAGE)).toMatchObject({ grpcStatus: '12' })
    session.destroy()
    await poll(() => scene.harness.calls.length === 2, 'recorded')
    expect(scene.harness.calls).toMatchObject([
      { protocol: 'grpc', grpcStatus: '0', requestMessages: 1, responseMessages: 1 },
      { protocol: 'grpc', grpcStatus: '12', responseMessages: 0 },
    ])
  },
)

describe('what costs a server', () => {
  test('a caller that goes on sending after it was denied is told to stop, and forgotten', async () => {
    await using scene = await serve(NOBODY)
    const session = http2.connect(scene.served.url)
    const stream = session.request(headOf(HELLO))
    stream.on('error', () => undefined)
    stream.resume()
    stream.write(Buffer.from([0, 0, 0x10, 0, 0]))
    const timer = setInterval(() => stream.write(Buffer.alloc(10_000)), 5)
    await once(stream, 'close')
    clearInterval(timer)
    expect(stream.rstCode).toBe(NO_ERROR)
    expect(scene.harness.calls).toMatchObject([{ grpcStatus: '7', flags: expect.any(String) }])
    session.destroy()
  })

  test('a caller that does not end a call of a method that is not there is told to stop', async () => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url)
    expect(await send(session, headOf(UNKNOWN))).toMatchObject({ grpcStatus: '12', rstCode: NO_ERROR })
    session.destroy()
  })

  test('thousands of calls that never end are gone with their connection', async () => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url)
    session.on('error', () => undefined)
    session.setMaxListeners(0)
    for (let index = 0; index < 3_000; index++) {
      const stream = session.request(headOf(index % 2 === 0 ? '/weft.test.Greeter/Chat' : HELLO))
      stream.on('error', () => undefined)
    }
    const last = session.request(headOf(HELLO))
    last.end(EMPTY_MESSAGE)
    await once(last, 'response')
    session.destroy()
    await poll(() => scene.harness.calls.length === 3_001, 'the end of every call', 10_000)
    expect(scene.harness.calls.filter(({ flags }) => flags === 'DC').length).toBe(3_000)
    await stillServes(scene)
  })

  test('callers that give up many calls keep their connection', async () => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url)
    // Node ends a connection after 1,000 at once, unless it is told otherwise.
    for (let index = 0; index < 2_000; index++) {
      const stream = session.request(headOf('/weft.test.Greeter/Chat'))
      stream.on('error', () => undefined)
      stream.close(CANCEL)
    }
    expect(await send(session, headOf(HELLO), EMPTY_MESSAGE)).toMatchObject({ grpcStatus: '0' })
    session.destroy()
  })

  test('a connection whose other end is gone without a word is closed by the pings of the Server', async () => {
    await using harness = inboundHarness()
    const options = { 'grpc.keepalive_time_ms': 100, 'grpc.keepalive_timeout_ms': 100 }
    const { served } = await serveGreeter(harness, { options })
    const connection = await rawConnection(served.port)
    connection.socket.write(Buffer.concat([HTTP2_PREFACE, frame(SETTINGS, 0, 0)]))
    await connection.closed
    const open = (): Promise<number> => new Promise((resolve) => served.server.getConnections((_, n) => resolve(n)))
    await poll(async () => (await open()) === 0, 'the end of the connection')
  })

  test('metadata beyond all measure ends the call, and nothing else', async () => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url, { maxSendHeaderBlockLength: 10_000_000 })
    session.on('error', () => undefined)
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x-${n}`, 'x'.repeat(10_000)]))
    const { grpcStatus } = await send(session, headOf(HELLO, large), EMPTY_MESSAGE)
    expect(grpcStatus).not.toBe('0')
    session.destroy()
    expect(scene.greeted).toEqual([])
    await stillServes(scene)
  })

  test.each([
    ['a method that repeats what it was told', HELLO, '3'],
    ['health', '/grpc.health.v1.Health/Check', '5'],
  ])('a status that its caller has made endless takes nobody else down: %s', async (_name, path, status) => {
    await using harness = inboundHarness()
    const { served } = await serveGreeter(harness, {
      implementation: {
        hello: ({ request }, reply) => reply({ code: 3, details: `nobody is called ${request.name}` }),
      },
    })
    const session = http2.connect(served.url)
    session.on('error', () => undefined)
    const beside = session.request(headOf(CHAT))
    beside.on('error', () => undefined)
    beside.write(named('ann'))
    await once(beside, 'data')
    expect(await send(session, headOf(path), named('\u00e9'.repeat(100_000)))).toMatchObject({ grpcStatus: status })
    beside.write(named('ann'))
    await once(beside, 'data')
    session.destroy()
  })

  test.each([
    ['garbage that claims to be compressed', Buffer.from([1, 0, 0, 0, 4, 1, 2, 3, 4]), '13'],
    ['a bomb', prefixed(gzipSync(Buffer.alloc(20_000_000))), '8'],
    ['a message longer than it may be', Buffer.from([0, 0x7f, 0, 0, 0]), '8'],
  ])('%s is answered with a status', async (_name, body, status) => {
    await using scene = await serve()
    const session = http2.connect(scene.served.url)
    expect(await send(session, headOf(HELLO, { 'grpc-encoding': 'gzip' }), body)).toMatchObject({ grpcStatus: status })
    session.destroy()
    expect(scene.greeted).toEqual([])
    await poll(() => scene.harness.calls.length === 1, 'recorded')
    expect(scene.harness.calls[0]?.grpcStatus).toBe(status)
  })
})

/** A message whose first field is a text. */
function named(name: string): Buffer {
  const bytes = Buffer.from(name)
  const length = [0x80 | (bytes.length & 0x7f), 0x80 | ((bytes.length >> 7) & 0x7f), bytes.length >> 14]
  const message = Buffer.concat([Buffer.from([0x0a, ...length]), bytes])
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.from([1, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}
