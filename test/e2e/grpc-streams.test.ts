import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import { PLAIN_SERVICE, type PlainHandlers, startPlainServer } from '../support/grpc-pair.ts'
import { GRPC_HEADERS, grpcCall, grpcFrame, grpcMessages, sayGrpc } from '../support/grpc-requests.ts'
import { type Http2Answer, startHttp2Upstream } from '../support/http2-upstream.ts'
import { type Harness, localEndpoint, outboundHarness } from '../support/outbound.ts'
import { OFF, retrying } from '../support/outbound-retries.ts'

const CHUNK = 16 * 1024

/** Sends each piece of the request back as it comes, and ends as the request does. */
const ECHO: Http2Answer = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.pipe(stream)
}

/** A body that goes on as long as the test says. */
class Feed implements AsyncIterable<Buffer> {
  readonly returned = vi.fn()
  #queue: (Buffer | undefined)[] = []
  #wake: (() => void) | undefined

  send(text: string): void {
    this.#push(grpcFrame(text))
  }

  end(): void {
    this.#push(undefined)
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return {
      next: async () => {
        while (this.#queue.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
        const value = this.#queue.shift()
        return value === undefined ? { done: true, value: undefined } : { done: false, value }
      },
      return: async () => {
        this.returned()
        return { done: true, value: undefined }
      },
    }
  }

  #push(chunk: Buffer | undefined): void {
    this.#queue.push(chunk)
    this.#wake?.()
  }
}

/** A stream as a client of it sees it, by the dispatcher. */
class Watched implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined
  headers: unknown
  bytes = Buffer.alloc(0)
  received = 0
  trailers: Record<string, unknown> | undefined
  error: Error | undefined
  pauseAtOnce = false

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.pauseAtOnce) controller.pause()
  }

  onResponseStart(controller: Dispatcher.DispatchController, _status: number, headers: unknown): void {
    this.controller = controller
    this.headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.received += chunk.length
    if (this.received < 1_000_000) this.bytes = Buffer.concat([this.bytes, chunk])
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: Record<string, unknown>): void {
    this.trailers = { ...trailers }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.error = error
  }
}

function open(mesh: Harness, body: unknown, watched = new Watched(), path = '/pkg.Chat/Talk'): Watched {
  const options = { origin: 'http://reviews', path, method: 'POST', headers: GRPC_HEADERS, body }
  mesh.outbound.dispatcher.dispatch(options as unknown as Dispatcher.DispatchOptions, watched)
  return watched
}

/** Waits until a number has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  let before = -1
  await vi.waitFor(
    () => {
      const now = read()
      const same = now === before && now > 0
      before = now
      expect(same).toBe(true)
    },
    { timeout: 5_000, interval: 100 },
  )
  return before
}

describe('a stream both ways', () => {
  test('each message goes at once, and is answered while the request goes on', async () => {
    await using up = await startHttp2Upstream(ECHO)
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const feed = new Feed()
    const watched = open(mesh, feed)
    const sent: string[] = []
    for (let round = 0; round < 50; round++) {
      feed.send(`message ${round}`)
      sent.push(`message ${round}`)
      await vi.waitFor(() => expect(grpcMessages(watched.bytes)).toEqual(sent), { interval: 1 })
    }
    expect(watched.trailers).toBeUndefined()
    feed.end()
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '0' }))
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: '0', requestMessages: 50, responseMessages: 50 }])
    expect(mesh.states()[0]?.active).toBe(0)
  })

  test('through mesh.request with a Readable, whose answer can be read before the Readable ends', async () => {
    await using up = await startHttp2Upstream(ECHO)
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const body = new Readable({ read: () => undefined })
    body.push(grpcFrame('first'))
    const response = await mesh.outbound.request('http://reviews/pkg.Chat/Talk', {
      method: 'POST',
      headers: GRPC_HEADERS,
      body,
    })
    const [chunk] = (await once(response.body, 'data')) as [Buffer]
    expect(grpcMessages(chunk)).toEqual(['first'])
    body.push(grpcFrame('second'))
    const [next] = (await once(response.body, 'data')) as [Buffer]
    expect(grpcMessages(next)).toEqual(['second'])
    body.push(null)
    await response.body.dump()
    expect({ ...response.trailers }).toMatchObject({ 'grpc-status': '0' })
  })

  test('headers go before the first message is there', async () => {
    await using up = await startHttp2Upstream(ECHO)
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const feed = new Feed()
    const watched = open(mesh, feed)
    await vi.waitFor(() => expect(watched.headers).toMatchObject({ 'content-type': 'application/grpc' }))
    feed.end()
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '0' }))
  })

  test('a server that does not read stops the request, and not the answer', async () => {
    let read: () => void = () => undefined
    await using up = await startHttp2Upstream((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.write(grpcFrame('hello'))
      const ticks = setInterval(() => stream.write(grpcFrame('tick')), 5)
      stream.on('close', () => clearInterval(ticks))
      read = () => stream.resume()
      stream.on('end', () => stream.end())
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    let pulled = 0
    let stop = false
    const endless = async function* (): AsyncGenerator<Buffer> {
      while (!stop) {
        pulled += CHUNK
        yield Buffer.alloc(CHUNK)
      }
    }
    const watched = open(mesh, endless())
    const held = await settled(() => pulled)
    expect(held).toBeLessThan(2 * 1024 * 1024)
    const before = watched.received
    await vi.waitFor(() => expect(watched.received).toBeGreaterThan(before + 20))
    read()
    await vi.waitFor(() => expect(pulled).toBeGreaterThan(held + 4 * 1024 * 1024))
    stop = true
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '0' }))
  })

  test('a caller that does not read stops the answer, and not the request', async () => {
    let written = 0
    let got = 0
    await using up = await startHttp2Upstream((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      const flood = (): void => {
        while (!stream.destroyed && written < 20_000_000) {
          written += CHUNK
          if (!stream.write(Buffer.alloc(CHUNK))) return
        }
      }
      stream.on('drain', flood)
      stream.on('data', (chunk: Buffer) => {
        got += chunk.length
      })
      flood()
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const feed = new Feed()
    const slow = new Watched()
    slow.pauseAtOnce = true
    open(mesh, feed, slow)
    const held = await settled(() => written)
    expect(held).toBeLessThan(2 * 1024 * 1024)
    expect(slow.received).toBeLessThan(1024 * 1024)
    feed.send('still heard')
    await vi.waitFor(() => expect(got).toBe(grpcFrame('still heard').length))
    slow.controller?.resume()
    await vi.waitFor(() => expect(slow.received).toBe(written), { timeout: 10_000 })
    slow.controller?.abort(new Error('enough'))
    await vi.waitFor(() => expect(feed.returned).toHaveBeenCalled())
  })

  test('a server that has said all ends the call, and lets the request’s source go', async () => {
    await using up = await startHttp2Upstream(sayGrpc(['enough'], 8))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying(OFF) })
    const feed = new Feed()
    const watched = open(mesh, feed)
    feed.send('one')
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '8' }))
    expect(feed.returned).toHaveBeenCalledOnce()
    expect([mesh.states()[0]?.active, mesh.outbound.active]).toEqual([0, 0])
  })

  test('a caller that gives up is heard at the server', async () => {
    const codes: unknown[] = []
    await using up = await startHttp2Upstream((stream, headers) => {
      stream.on('close', () => codes.push(stream.rstCode))
      ECHO(stream, headers)
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint] })
    const feed = new Feed()
    const watched = open(mesh, feed)
    feed.send('x')
    await vi.waitFor(() => expect(watched.received).toBeGreaterThan(0))
    watched.controller?.abort(new Error('no more'))
    await vi.waitFor(() => expect(codes).toEqual([8]))
    expect(mesh.recorder.calls).toMatchObject([{ grpcStatus: '1', flags: 'DC', requestMessages: 1 }])
  })

  test('a stream is tried again as long as nothing was answered and all of it is kept', async () => {
    let count = 0
    await using up = await startHttp2Upstream((stream, headers) => {
      if (count++ > 0) return ECHO(stream, headers)
      stream.once('data', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true })
      })
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], routes: retrying({ retryOn: ['unavailable'] }) })
    const feed = new Feed()
    const watched = open(mesh, feed)
    feed.send('one')
    await vi.waitFor(() => expect(grpcMessages(watched.bytes)).toEqual(['one']))
    feed.send('two')
    feed.end()
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '0' }))
    expect(grpcMessages(watched.bytes)).toEqual(['one', 'two'])
    expect(mesh.recorder.calls).toMatchObject([{ requestMessages: 2, responseMessages: 2 }])
  })
})

describe('a server of grpc-js', () => {
  const HANDLERS: Partial<PlainHandlers> = {
    bidi(call) {
      call.on('data', (message: Buffer) => call.write(Buffer.from(`${message} back`)))
      call.on('end', () => call.end())
    },
    clientStream(call, done) {
      const all: string[] = []
      call.on('data', (message: Buffer) => all.push(String(message)))
      call.on('end', () => done(null, Buffer.from(all.join('+'))))
    },
    unary: (_call, done) => done({ code: 9, details: 'nicht für 100 %' }),
  }

  test('talks both ways, takes streams and says what went wrong', async () => {
    const { server, port } = await startPlainServer(HANDLERS)
    await using mesh = outboundHarness({ endpoints: [localEndpoint(port)], routes: retrying(OFF) })
    const feed = new Feed()
    const watched = open(mesh, feed, undefined, PLAIN_SERVICE.bidi.path)
    feed.send('there')
    await vi.waitFor(() => expect(grpcMessages(watched.bytes)).toEqual(['there back']))
    feed.send('and')
    await vi.waitFor(() => expect(grpcMessages(watched.bytes)).toEqual(['there back', 'and back']))
    feed.end()
    await vi.waitFor(() => expect(watched.trailers).toMatchObject({ 'grpc-status': '0' }))
    const body = Buffer.concat(['a', 'b', 'c'].map(grpcFrame))
    const collected = await grpcCall(mesh.outbound, { url: `http://reviews${PLAIN_SERVICE.clientStream.path}`, body })
    expect(collected).toMatchObject({ status: '0', messages: ['a+b+c'] })
    const failed = await grpcCall(mesh.outbound, { url: `http://reviews${PLAIN_SERVICE.unary.path}` })
    expect([failed.status, decodeURIComponent(failed.message ?? '')]).toEqual(['9', 'nicht für 100 %'])
    const unknown = await grpcCall(mesh.outbound, { url: 'http://reviews/test.Plain/None' })
    expect(unknown.status).toBe('12')
    expect(mesh.recorder.calls.map((call) => [call.grpcStatus, call.requestMessages, call.responseMessages])).toEqual([
      ['0', 2, 2],
      ['0', 3, 1],
      ['9', 1, 0],
      ['12', 1, 0],
    ])
    server.forceShutdown()
  })
})
