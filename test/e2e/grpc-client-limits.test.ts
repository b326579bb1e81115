import { once } from 'node:events'
import { createServer as createNetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  asIs,
  callPlain,
  grpcHarness,
  PLAIN_SERVICE,
  type PlainHandlers,
  startPlainServer,
} from '../support/grpc-pair.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { localEndpoint } from '../support/outbound.ts'
import { poll } from '../support/poll.ts'

const { status } = grpc

const HANDLERS: PlainHandlers = {
  unary(call, done) {
    if (call.metadata.get('want')[0] !== 'silence') done(null, call.request)
  },
  clientStream(call, done) {
    // Nobody reads until it is asked to.
    if (call.metadata.get('want')[0] === 'silence') return
    let bytes = 0
    call.on('data', (message: Buffer) => {
      bytes += message.length
    })
    call.on('end', () => done(null, Buffer.from(String(bytes))))
  },
  serverStream(call) {
    pump(call)
  },
  bidi(call) {
    call.on('data', (message: Buffer) => call.write(message))
    call.on('end', () => call.end())
  },
}

let pumped = 0

/** As fast as its reader. */
function pump(call: grpc.ServerWritableStream<Buffer, Buffer>): void {
  while (!call.destroyed && !call.cancelled) {
    pumped++
    if (!call.write(Buffer.alloc(16_384))) {
      call.once('drain', () => pump(call))
      return
    }
  }
}

const silence = new grpc.Metadata()
silence.set('want', 'silence')

let plain: { readonly server: grpc.Server; readonly port: number }
beforeAll(async () => {
  plain = await startPlainServer(HANDLERS)
})
afterAll(() => plain.server.forceShutdown())

describe('back-pressure', () => {
  test('reaches the server from a caller who does not read', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const call = harness
      .client()
      .makeServerStreamRequest(PLAIN_SERVICE.serverStream.path, asIs, asIs, Buffer.from('go'))
    call.on('error', () => undefined)
    pumped = 0
    let read = 0
    call.on('data', () => {
      if (++read === 3) call.pause()
    })
    await poll(() => read === 3 && pumped > 3, 'the first messages')
    let before = -1
    await poll(async () => {
      if (before === pumped) return true
      before = pumped
      await sleep(100)
      return false
    }, 'the server to stop')
    // Windows of HTTP/2 and buffers of streams: far below what it would send in this time.
    expect(pumped).toBeLessThan(200)
    call.resume()
    await poll(() => pumped > before + 100, 'the server to go on')
    call.cancel()
  })

  test('reaches a caller from a server that does not read', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const { path } = PLAIN_SERVICE.clientStream
    const call = harness.client().makeClientStreamRequest(path, asIs, asIs, silence, () => undefined)
    call.on('error', () => undefined)
    let written = 0
    const write = (): void => {
      if (written < 2_000)
        call.write(Buffer.alloc(16_384), () => {
          written++
          write()
        })
    }
    write()
    let before = -1
    await poll(async () => {
      if (written > 0 && before === written) return true
      before = written
      await sleep(100)
      return false
    }, 'the caller to be held up')
    expect(written).toBeLessThan(200)
    call.cancel()
  })
})

describe('a server that goes away', () => {
  test('with a GOAWAY for every stream: calls fail as unavailable at worst, and go on when it has come to itself', async () => {
    let storm = true
    await using upstream = await startHttp2Upstream((stream) => {
      if (storm) stream.session?.goaway(0)
      setImmediate(() => {
        if (stream.destroyed) return
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.from([0, 0, 0, 0, 1, 65]))
      })
    })
    await using harness = grpcHarness({ endpoints: [upstream.endpoint] })
    const client = harness.client()
    for (let round = 0; round < 5; round++) {
      const all = await Promise.all(Array.from({ length: 10 }, () => callPlain(client, 'unary')))
      for (const { code } of all) expect([status.OK, status.UNAVAILABLE]).toContain(code)
    }
    storm = false
    expect(await callPlain(client, 'unary')).toMatchObject({ code: status.OK, messages: ['A'] })
  })

  test('without a word: the call ends with its deadline, or with the connection', async () => {
    const sockets: { destroy(): unknown }[] = []
    const deaf = createNetServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    deaf.listen(0, '127.0.0.1')
    await once(deaf, 'listening')
    const { port } = deaf.address() as { port: number }
    await using harness = grpcHarness({ endpoints: [localEndpoint(port)] })
    const client = harness.client()
    const seen = await callPlain(client, 'unary', { deadline: Date.now() + 100 })
    expect(seen).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    const broken = callPlain(client, 'bidi', { leaveOpen: true })
    const breaking = setInterval(() => {
      for (const socket of sockets) socket.destroy()
    }, 30)
    expect(await broken).toMatchObject({ code: status.UNAVAILABLE })
    clearInterval(breaking)
    deaf.close()
  })

  test('is not given metadata that ends connections: the call fails, and others on its connection go on', async () => {
    await using harness = grpcHarness({ endpoints: [localEndpoint(plain.port)] })
    const client = harness.client()
    let go = (): void => undefined
    const beside = callPlain(client, 'bidi', { leaveOpen: true, begun: (call) => (go = () => void call.end()) })
    const metadata = new grpc.Metadata()
    metadata.set('x-long', 'x'.repeat(100_000))
    const seen = await callPlain(client, 'unary', { metadata, deadline: Date.now() + 1_000 })
    expect(seen).toMatchObject({ code: status.INTERNAL })
    expect(seen.details).toContain('longer than 64 KiB')
    expect(harness.mesh.recorder.events.filter((event) => event.startsWith('retry'))).toEqual([])
    go()
    expect(await beside).toMatchObject({ code: status.OK })
  })
})
