import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import { type AddressInfo, connect as connectRaw } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Rbac } from '@weft/mesh-protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { guardedServer } from '../support/guarded-server.ts'
import { frame, HTTP2_PREFACE, literalHeaders } from '../support/http2-frames.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { askHttp2, clientOptions, dialHttp2 } from '../support/mesh-tls.ts'
import { serveScene, stopServing, web } from '../support/mtls-scene.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const NOBODY: Rbac = { deny: [{ name: 'ns/nobody', rules: [{ any: true }] }] }

const DATA = 0
const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const END_HEADERS = 0x4
const END_STREAM_AND_HEADERS = 0x5
const NO_ERROR = 0
const INTERNAL_ERROR = 2
const CANCEL = 8

test.each([
  [CANCEL, undefined],
  [NO_ERROR, undefined],
  [INTERNAL_ERROR, undefined],
  [CANCEL, '100-continue'],
  [NO_ERROR, '100-continue'],
  [INTERNAL_ERROR, '100-continue'],
])('a request that is taken back in the same breath reaches nobody: code %i, expect %s', async (code, expectation) => {
  await using server = await guardedServer({ authorization: NOBODY }, { protocol: 'http2' })
  const head = literalHeaders([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/secret'],
    [':authority', 'a'],
    ...(expectation === undefined ? [] : [['expect', expectation] as const]),
  ])
  const requests = [1, 3, 5].flatMap((id) => [
    frame(HEADERS, END_STREAM_AND_HEADERS, id, head),
    frame(RST_STREAM, 0, id, Buffer.from([0, 0, 0, code])),
  ])
  const start = [HTTP2_PREFACE, frame(SETTINGS, 0, 0)]
  const ping = frame(PING, 0, 0, Buffer.from('answered'))
  const connection = await rawConnection(server.port)
  connection.socket.write(Buffer.concat([...start, ...requests, ping]))
  // What came before the ping has been dealt with when it is answered.
  await connection.until('answered')
  connection.socket.destroy()
  expect(server.seen).toEqual([])
})

test('a session that is older than the mesh before its server is not served without policy', async () => {
  const seen: string[] = []
  const application = createServer((request, response) => {
    seen.push(request.url)
    response.end()
  })
  await once(application.listen(0, '127.0.0.1'), 'listening')
  const session = connect(`http://127.0.0.1:${(application.address() as AddressInfo).port}`)
  await once(session, 'remoteSettings')
  await using harness = inboundHarness()
  harness.policy.set({ inbound: { ...inboundPolicy([]), authorization: NOBODY } })
  await harness.inbound.serve(application as never, { protocol: 'http2' })
  const stream = session.request({ ':path': '/secret' })
  await expect(once(stream, 'response')).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' })
  session.destroy()
  expect(seen).toEqual([])
})

describe('a client that is gone leaves no connection behind', () => {
  afterEach(stopServing)

  test.each(['plaintext', 'TLS', 'TLS without its last word'])('%s', async (how) => {
    const scene = await serveScene({ serve: { protocol: 'http2' } })
    const raw = connectRaw(scene.port, '127.0.0.1')
    await once(raw, 'connect')
    const options = { ...clientOptions(web()), socket: raw, ALPNProtocols: ['h2'] }
    const socket = how === 'plaintext' ? raw : connectTls(options)
    if (socket !== raw) await once(socket, 'secureConnect')
    const session = dialHttp2(socket)
    expect((await askHttp2(session)).status).toBe(200)
    // As the system does for a process that ends.
    if (how === 'TLS without its last word') raw.end()
    else socket.end()
    const open = (): Promise<number> =>
      new Promise((resolve) => scene.server.server.getConnections((_error, count) => resolve(count)))
    await poll(async () => (await open()) === 0, 'the end of the connection', 3_000)
    session.destroy()
  })
})

test('a request whose answer cannot be sent is over when its caller resets it, and its connection when that says goodbye', async () => {
  await using harness = inboundHarness()
  // What the caller sends is not read.
  const server = await harness.inbound.serve((_request, response) => response.end('waits for a window'), {
    host: '127.0.0.1',
    protocol: 'http2',
  })
  const head = literalHeaders([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ])
  const noWindow = frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
  const connection = await rawConnection(server.port)
  connection.socket.write(
    Buffer.concat([HTTP2_PREFACE, noWindow, frame(HEADERS, END_HEADERS, 1, head), frame(DATA, 0, 1, Buffer.alloc(9))]),
  )
  await poll(() => connection.text.length > 30, 'the head of the answer')
  const goodbye = [frame(RST_STREAM, 0, 1, Buffer.from([0, 0, 0, NO_ERROR])), frame(GOAWAY, 0, 0, Buffer.alloc(8))]
  connection.socket.end(Buffer.concat(goodbye))
  await poll(() => harness.calls.length === 1, 'the end of the request')
  const open = (): Promise<number> =>
    new Promise((resolve) => server.server.getConnections((_error, count) => resolve(count)))
  await poll(async () => (await open()) === 0, 'the end of the connection')
})
