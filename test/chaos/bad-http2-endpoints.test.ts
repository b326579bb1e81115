import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { outboundHarness } from '../support/outbound.ts'
import { poll } from '../support/poll.ts'
import { startRogue } from '../support/rogue-server.ts'
import { wireRoute } from '../support/wire.ts'

const DEADLINE_MS = 400
const CLUSTER = 'outbound|80||reviews.default.svc.cluster.local'

/** Frames of HTTP/2 by hand. RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const SETTINGS = frame(4, 0, 0)
/** `:status: 200` by its index in the static table of HPACK. */
const HEAD = frame(1, 4, 1, Buffer.from([0x88]))
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function answering(...frames: Buffer[]): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => setTimeout(() => socket.write(Buffer.concat(frames)), 20))
    socket.resume()
  }
}

const ENDPOINTS: readonly [string, (socket: Socket) => void, RegExp][] = [
  ['accepts and never answers', (socket) => void socket.resume(), /^504 UT$/],
  ['greets and never answers', answering(SETTINGS), /^504 UT$/],
  ['closes at once', (socket) => void socket.destroy(), /^0 UC$/],
  ['resets when the request comes', (socket) => void socket.once('data', () => socket.resetAndDestroy()), /^0 UC$/],
  ['speaks something else', answering(Buffer.from('220 mail ESMTP\r\n')), /^0 UC$/],
  ['sends a frame larger than allowed', answering(SETTINGS, frame(0, 0, 1, Buffer.alloc(20_000))), /^0 UC$/],
  ['answers a stream that nobody opened', answering(SETTINGS, frame(1, 4, 99, Buffer.from([0x88]))), /^0 UC$/],
  ['sends headers that cannot be read', answering(SETTINGS, frame(1, 4, 1, Buffer.alloc(10, 0xff))), /^0 UC$/],
  ['answers twice', answering(SETTINGS, HEAD, HEAD), /^200 UC$/],
  ['sends a body before its head', answering(SETTINGS, frame(0, 1, 1, Buffer.from('x'))), /^0 UC$/],
  ['resets the stream', answering(SETTINGS, frame(3, 0, 1, u32(2))), /^0 UC$/],
  ['cancels the stream', answering(SETTINGS, frame(3, 0, 1, u32(8))), /^0 UC$/],
  ['resets the stream after its head', answering(SETTINGS, HEAD, frame(3, 0, 1, u32(2))), /^200 UC$/],
  ['goes away with an error', answering(SETTINGS, frame(7, 0, 0, Buffer.concat([u32(1), u32(2)]))), /^0 UC$/],
  ['opens a window beyond its end', answering(SETTINGS, frame(8, 0, 0, u32(0x7fffffff))), /^0 UC$/],
  ['stops in the middle of its body', answering(SETTINGS, HEAD, frame(0, 0, 1, Buffer.from('a'))), /^200 UT$/],
  ['allows no streams', answering(frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 0])), HEAD), /./],
]

describe('an endpoint of HTTP/2 that', () => {
  test.concurrent.each(ENDPOINTS)('%s', async (_name, behave, expected) => {
    await using rogue = await startRogue(behave)
    const route = wireRoute(CLUSTER)
    const retryPolicy = { ...route.route.retryPolicy, numRetries: 0 }
    const mesh = outboundHarness({
      endpoints: [rogue.endpoint],
      cluster: { protocol: 'http2' },
      routes: [{ ...route, route: { ...route.route, timeoutMs: DEADLINE_MS, retryPolicy } }],
    })
    const startedAt = performance.now()
    let status = 0
    let error: unknown
    try {
      const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'x' })
      status = response.statusCode
      await response.body.text()
    } catch (reason) {
      error = reason
    }
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS + 2_000)
    expect(mesh.recorder.calls).toHaveLength(1)
    expect(`${status} ${mesh.recorder.calls[0]?.flags}`).toMatch(expected)
    if (status !== 504) expect(error).toBeInstanceOf(Error)
    expect(mesh.states()[0]?.active).toBe(0)
    await mesh[Symbol.asyncDispose]()
    await poll(() => rogue.open === 0, 'every connection closed')
  })
})

test('calls that are given up, over and over, leave nothing on their connection', async () => {
  await using up = await startHttp2Upstream((stream, { ':path': path }) => {
    if (path === '/x') {
      stream.respond({ ':status': 200 })
      stream.end('x')
    }
  })
  await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { protocol: 'http2' } })
  // Not more than a server bears in a row: node's takes a thousand resets for an attack.
  for (let round = 0; round < 15; round++) {
    const stop = new AbortController()
    const calls = Array.from({ length: 50 }, () =>
      mesh.outbound.request('http://reviews/hang', { signal: stop.signal }).catch(() => undefined),
    )
    setImmediate(() => stop.abort())
    await Promise.all(calls)
  }
  expect(await (await mesh.outbound.request('http://reviews/x')).body.text()).toBe('x')
  expect(up.connections).toBe(1)
  expect(mesh.states()[0]?.active).toBe(0)
})
