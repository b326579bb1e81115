import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { systemTimers, type TimerHandle, type Timers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { outboundHarness, startUpstream } from '../support/outbound.ts'
import { poll } from '../support/poll.ts'
import { answering, cuttingAfter, startRogue } from '../support/rogue-server.ts'
import { wireRoute } from '../support/wire.ts'

/*
 * Endpoints that do what no server should. Whatever they do, a caller gets one clear end within its deadline, the endpoint
 * is judged once for each attempt, and no socket, timer or body is left behind.
 */

const DEADLINE_MS = 400
const CLUSTER = 'outbound|80||reviews.default.svc.cluster.local'
const JUDGING = {
  consecutive5xx: 2,
  consecutiveGatewayFailure: 0,
  consecutiveLocalOriginFailure: 0,
  splitExternalLocalOriginErrors: false,
  intervalMs: 60_000,
  baseEjectionTimeMs: 60_000,
  maxEjectionTimeMs: 60_000,
  maxEjectionPercent: 100,
}

interface CountedTimers extends Timers {
  readonly pending: number
}

function countedTimers(): CountedTimers {
  const pending = new Set<TimerHandle>()
  return {
    get pending() {
      return pending.size
    },
    set(callback, delayMs, options) {
      const handle = systemTimers.set(
        () => {
          pending.delete(handle)
          callback()
        },
        delayMs,
        options,
      )
      pending.add(handle)
      return handle
    },
    clear(handle) {
      if (handle !== undefined) pending.delete(handle)
      systemTimers.clear(handle)
    },
  }
}

interface End {
  readonly status: number
  readonly error: Error | undefined
  readonly elapsedMs: number
}

type Harness = ReturnType<typeof outboundHarness>

/** One call with a body that is a stream, to its end. */
async function call(mesh: Harness): Promise<End & { readonly body: Readable }> {
  const startedAt = performance.now()
  const body = Readable.from(['a', 'b'])
  let status = 0
  let error: Error | undefined
  try {
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body })
    status = response.statusCode
    await response.body.text()
  } catch (reason) {
    error = reason as Error
  }
  return { status, error, elapsedMs: performance.now() - startedAt, body }
}

const OK = 'HTTP/1.1 200 OK\r\n'

function trickle(text: string): Parameters<typeof startRogue>[0] {
  return (socket) => {
    let at = 0
    const timer = setInterval(() => socket.write(text[at++ % text.length] as string), 50)
    socket.on('close', () => clearInterval(timer))
  }
}

const ENDPOINTS: readonly [string, Parameters<typeof startRogue>[0], expected: RegExp][] = [
  ['accepts and never answers', (socket) => void socket.resume(), /^504 UT$/],
  ['closes at once', (socket) => void socket.destroy(), /^0 UC$/],
  ['resets when the request comes', (socket) => void socket.once('data', () => socket.resetAndDestroy()), /^0 UC$/],
  ['answers what is no HTTP', answering('\0\x01garbage\r\n\r\n', 'stay'), /^0 UC$/],
  ['answers with the greeting of a mail server', answering('220 mail ESMTP\r\n', 'stay'), /^0 UC$/],
  ['answers with a status that is none', answering('HTTP/1.1 abc Who\r\n\r\n', 'stay'), /^0 UC$/],
  ['never ends its headers', answering(`${OK}x-a: ${'a'.repeat(200_000)}`, 'stay'), /^0 UC$/],
  ['trickles its headers', trickle(`${OK}x-a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`), /^504 UT$/],
  ['trickles its body', trickleBody, /^200 UT$/],
  ['promises more than it sends', answering(`${OK}content-length: 100\r\n\r\nshort`, 'end'), /^200 UC$/],
  ['promises more and stays', answering(`${OK}content-length: 100\r\n\r\nshort`, 'stay'), /^200 UT$/],
  ['resets in the middle of its body', answering(`${OK}content-length: 100\r\n\r\nshort`, 'reset'), /^200 UC$/],
  ['breaks its chunks', answering(`${OK}transfer-encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n`, 'stay'), /^200 UC$/],
  ['sizes a chunk in words', answering(`${OK}transfer-encoding: chunked\r\n\r\nfive\r\n`, 'stay'), /^200 UC$/],
  ['says two lengths', answering(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`, 'stay'), /^0 UC$/],
  ['says a length and chunks', answering(`${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`, 'stay'), /./],
  ['says a length below zero', answering(`${OK}content-length: -5\r\n\r\n`, 'stay'), /^0 UC$/],
  ['switches protocols unasked', answering('HTTP/1.1 101 Switching Protocols\r\n\r\n', 'stay'), /^0 UC$/],
]

function trickleBody(socket: Parameters<Parameters<typeof startRogue>[0]>[0]): void {
  socket.once('data', () => {
    socket.write(`${OK}content-length: 1000\r\n\r\n`)
    trickle('x')(socket)
  })
}

describe('an endpoint that', () => {
  test.concurrent.each(ENDPOINTS)('%s', async (_name, behave, expected) => {
    await using rogue = await startRogue(behave)
    const timers = countedTimers()
    const mesh = outboundHarness({
      endpoints: [rogue.endpoint],
      cluster: { outlierDetection: JUDGING },
      routes: [impatientRoute()],
      timers,
    })
    for (const round of [1, 2]) {
      const { status, error, elapsedMs, body } = await call(mesh)
      const [record, ...more] = mesh.recorder.calls.splice(0)
      expect(more).toEqual([])
      expect(`${status} ${record?.flags}`).toMatch(expected)
      if (status !== 504) expect(error).toBeInstanceOf(Error)
      expect(elapsedMs).toBeLessThan(DEADLINE_MS + 2_000)
      expect(body.destroyed).toBe(true)
      const [state] = mesh.states()
      expect(state?.active).toBe(0)
      // Once a round, and not twice: the second failure is what ejects.
      if (!String(expected).startsWith('/^200')) expect(state?.ejected).toBe(round === 2)
    }
    await mesh[Symbol.asyncDispose]()
    await poll(() => rogue.open === 0, 'every connection closed')
    // Limits of calls share a timer, which goes when its moment has come.
    await poll(() => timers.pending === 0, 'no timer left')
  })
})

describe('a response with more than it promised', () => {
  test('ends where it promised, and the rest spoils no other', async () => {
    const more = `${OK}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`
    await using rogue = await startRogue(answering(more, 'stay'))
    await using mesh = outboundHarness({ endpoints: [rogue.endpoint], routes: [impatientRoute()] })
    for (let n = 0; n < 3; n++) {
      const response = await mesh.outbound.request('http://reviews/')
      expect(await response.body.text()).toBe('ok')
    }
  })
})

describe.each(['http', 'http2'] as const)('an endpoint of %s that closes', (protocol) => {
  test('at every byte of its answer', async () => {
    await using good =
      protocol === 'http'
        ? await startUpstream((_request, response) => void response.end('hello'))
        : await startHttp2Upstream((stream) => {
            stream.respond({ ':status': 200, 'content-length': 5 })
            stream.end('hello')
          })
    const timers = countedTimers()
    const ends: string[] = []
    for (let offset = 0; offset < 260; offset += BATCH) {
      const offsets = Array.from({ length: BATCH }, (_, n) => offset + n)
      ends.push(...(await Promise.all(offsets.map((each) => cutAt(each, protocol, good.endpoint.port, timers)))))
    }
    await poll(() => timers.pending === 0, 'no timer left')
    expect(ends.filter((end) => end === 'failed').length).toBeGreaterThan(50)
    expect(ends.filter((end) => end === 'complete').length).toBeGreaterThan(10)
  })
})

const BATCH = 20

/** One call to an endpoint that is gone after so many bytes. */
async function cutAt(bytes: number, protocol: 'http' | 'http2', port: number, timers: Timers): Promise<string> {
  await using rogue = await startRogue(cuttingAfter(bytes, port))
  const mesh = outboundHarness({
    endpoints: [rogue.endpoint],
    cluster: { protocol, outlierDetection: JUDGING },
    routes: [impatientRoute(3_000)],
    timers,
  })
  const { status, error, elapsedMs } = await call(mesh)
  expect(elapsedMs).toBeLessThan(3_000)
  expect(mesh.recorder.calls).toHaveLength(1)
  expect(mesh.states()[0]?.active).toBe(0)
  if (error !== undefined) {
    expect(mesh.recorder.calls[0]?.flags).toBe('UC')
    expect([0, 200]).toContain(status)
  }
  await mesh[Symbol.asyncDispose]()
  await poll(() => rogue.open === 0, 'the connection closed')
  return error === undefined ? 'complete' : 'failed'
}

function impatientRoute(timeoutMs = DEADLINE_MS): ReturnType<typeof wireRoute> {
  const route = wireRoute(CLUSTER)
  return { ...route, route: { ...route.route, timeoutMs, retryPolicy: { ...route.route.retryPolicy, numRetries: 0 } } }
}
