import { constants } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { DEFAULT_CIRCUIT_BREAKERS } from '@weft/mesh-protocol'
import { FormData } from 'undici'
import { describe, expect, test } from 'vitest'
import { cutConnection, sayHttp2, startHttp2Upstream } from '../support/http2-upstream.ts'
import { localEndpoint, outboundHarness, startUpstream } from '../support/outbound.ts'
import { poll } from '../support/poll.ts'

const URL_OF = 'http://reviews/x'
const H2 = { protocol: 'http2' } as const

const until = (attempt: () => boolean | Promise<boolean>): Promise<boolean> => poll(attempt, 'what the test waits for')

describe('an upstream that speaks HTTP/2 without TLS', () => {
  test('is spoken to with prior knowledge, with the authority and path of the request', async () => {
    await using up = await startHttp2Upstream(sayHttp2('hello'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const response = await mesh.outbound.request(`${URL_OF}?a=b`, {
      headers: { 'x-a': ['1', '2'], connection: 'keep-alive', te: 'gzip' },
    })
    expect(response.statusCode).toBe(200)
    expect(await response.body.text()).toBe('hello')
    expect(up.seen[0]).toMatchObject({
      ':method': 'GET',
      ':path': '/x?a=b',
      ':scheme': 'http',
      ':authority': 'reviews',
      'x-a': '1, 2',
    })
    expect(up.seen[0]).not.toHaveProperty('te')
    expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: '-' }])
  })

  test('is given many requests at once over one connection, also before it is made', async () => {
    await using up = await startHttp2Upstream((stream) => {
      setImmediate(() => sayHttp2('x')(stream, {}))
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const ask = async (): Promise<string> => (await mesh.outbound.request(URL_OF)).body.text()
    const answers = await Promise.all(Array.from({ length: 80 }, ask))
    expect(new Set(answers)).toEqual(new Set(['x']))
    expect(up.connections).toBe(1)
  })

  test('gets no more streams at once than the policy or the server allows', async () => {
    let now = 0
    let most = 0
    await using up = await startHttp2Upstream((stream) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now--
        sayHttp2('x')(stream, {})
      }, 5)
    })
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      cluster: {
        ...H2,
        http2ProtocolOptions: { maxConcurrentStreams: 3 },
        circuitBreakers: { maxConnections: 1, maxPendingRequests: 1_000, maxRequests: 1_000, maxRetries: 3 },
      },
    })
    const ask = async (): Promise<number> => {
      const response = await mesh.outbound.request(URL_OF)
      await response.body.dump()
      return response.statusCode
    }
    const answers = await Promise.all(Array.from({ length: 20 }, ask))
    expect(answers).toEqual(Array(20).fill(200))
    expect(most).toBe(3)
    expect(up.connections).toBe(1)
  })

  test('is refused one request too many that waits for a stream, with UO', async () => {
    await using up = await startHttp2Upstream(() => undefined)
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      cluster: {
        ...H2,
        http2ProtocolOptions: { maxConcurrentStreams: 1 },
        circuitBreakers: { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1_000, maxRetries: 3 },
      },
    })
    const stop = new AbortController()
    const held = [0, 1].map(() => mesh.outbound.request(URL_OF, { signal: stop.signal }).catch((error) => error))
    const refused = await mesh.outbound.request(URL_OF)
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['x-weft-response-flags']).toBe('UO')
    expect(mesh.recorder.events).toContain('overflow:pending')
    stop.abort()
    await Promise.all(held)
  })

  test('answers with trailers and early hints, which reach the caller', async () => {
    await using up = await startHttp2Upstream((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' })
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'abc', 'x-weft-error': 'forged' }))
      stream.end('body')
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const informed: { statusCode: number }[] = []
    const response = await mesh.outbound.request(URL_OF, { onInfo: (info) => void informed.push(info) })
    expect(await response.body.text()).toBe('body')
    expect(informed).toMatchObject([{ statusCode: 103, headers: { link: '</a.css>' } }])
    expect({ ...response.trailers }).toEqual({ 'x-checksum': 'abc' })
  })

  test.each(['the request is over', 'the request goes on'])(
    'is not taken for complete where its connection breaks and %s',
    async (what) => {
      await using up = await startHttp2Upstream((stream) => {
        stream.respond({ ':status': 200 })
        stream.write('half', () => setTimeout(() => cutConnection(stream), 10))
      })
      await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
      const body = what === 'the request is over' ? 'all' : new Readable({ read: () => undefined })
      const response = await mesh.outbound.request(URL_OF, { method: 'POST', body })
      await expect(response.body.text()).rejects.toThrow()
      expect(mesh.recorder.calls).toMatchObject([{ status: 200, flags: 'UC' }])
    },
  )

  test('takes bodies of every form, and awaits 100 Continue where asked', async () => {
    await using up = await startHttp2Upstream((stream) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => sayHttp2(Buffer.concat(chunks).toString())(stream, {}))
    })
    up.server.on('checkContinue', () => undefined)
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const bodies = ['text', Buffer.from('text'), new Uint8Array([116, 101, 120, 116]), Readable.from(['te', 'xt'])]
    for (const body of bodies) {
      const response = await mesh.outbound.request(URL_OF, { method: 'POST', body })
      expect(await response.body.text()).toBe('text')
    }
    const fetched = await mesh.outbound.fetch(URL_OF, { method: 'POST', body: new Blob(['te', 'xt']) })
    expect(await fetched.text()).toBe('text')
    expect(up.seen.map((headers) => headers['content-length'])).toEqual(['4', '4', '4', undefined, '4'])
    const form = new FormData()
    form.set('field', 'text')
    const posted = await mesh.outbound.request(URL_OF, { method: 'POST', body: form })
    expect(await posted.body.text()).toMatch(/name="field"\r\n\r\ntext\r\n/)
    expect(up.seen.at(-1)?.['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  })

  test('refuses what no header may be before anything is sent', async () => {
    await using up = await startHttp2Upstream(sayHttp2('x'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const bad = mesh.outbound.request(URL_OF, { headers: { 'x-a': 'a\r\nb: c' } })
    await expect(bad).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' })
    expect(up.seen).toEqual([])
  })

  test('refuses two of what there may be one of, over no further connection', async () => {
    await using up = await startHttp2Upstream(sayHttp2('x'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const ask = async (headers: Record<string, string | string[]>): Promise<string> =>
      (await mesh.outbound.request(URL_OF, { headers })).body.text()
    for (const name of ['authorization', 'referer', 'user-agent']) {
      await expect(ask({ [name]: ['a', 'b'] })).rejects.toMatchObject({
        code: 'UND_ERR_INVALID_ARG',
        message: `Header field "${name}" must only have a single value`,
      })
    }
    expect(await ask({ referer: 'a' })).toBe('x')
    expect(up.seen).toHaveLength(1)
    expect(up.connections).toBe(1)
  })

  test('is given up on when it is silent for longer than the caller says', async () => {
    await using up = await startHttp2Upstream((stream, { ':path': path }) => {
      if (path === '/head') stream.respond({ ':status': 200 })
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const silent = mesh.outbound.request(URL_OF, { method: 'POST', headersTimeout: 50 })
    await expect(silent).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    const begun = await mesh.outbound.request('http://reviews/head', { method: 'POST', bodyTimeout: 50 })
    await expect(begun.body.text()).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' })
  })

  test('that speaks only HTTP/1.1 is told so', async () => {
    await using up = await startUpstream((_request, response) => void response.end('old'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const error = await mesh.outbound.request(URL_OF, { method: 'POST', body: 'x' }).catch((reason) => reason)
    expect(String(error)).toMatch(/does not speak HTTP\/2/)
  })
})

describe('a request that the server has not processed', () => {
  test('goes to another endpoint when its stream is refused, whatever its method, and blames nobody', async () => {
    await using refusing = await startHttp2Upstream((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM))
    await using up = await startHttp2Upstream(sayHttp2('other'))
    await using mesh = outboundHarness({
      endpoints: [refusing.endpoint, up.endpoint],
      cluster: { ...H2, outlierDetection: STRICT },
    })
    for (let round = 0; round < 10; round++) {
      const response = await mesh.outbound.request(URL_OF, { method: 'POST', body: 'once' })
      expect(await response.body.text()).toBe('other')
    }
    expect(refusing.seen.length).toBeGreaterThan(1)
    expect(mesh.states().map(({ ejected }) => ejected)).toEqual([false, false])
  })

  test('is sent again once where there is no other endpoint', async () => {
    let refused = 0
    await using up = await startHttp2Upstream((stream, headers) => {
      if (headers['x-stubborn'] === undefined && refused++ > 0) sayHttp2('second')(stream, headers)
      else stream.close(constants.NGHTTP2_REFUSED_STREAM)
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const response = await mesh.outbound.request(URL_OF, { method: 'POST', body: 'x' })
    expect(await response.body.text()).toBe('second')
    const stubborn = mesh.outbound.request(URL_OF, { method: 'POST', body: 'x', headers: { 'x-stubborn': '1' } })
    await expect(stubborn).rejects.toThrow(/REFUSED_STREAM/)
    // Once more by itself, and twice by the policy that holds where none is written, which names refused-stream.
    expect(up.seen).toHaveLength(2 + 4)
  })

  test.each([0, constants.NGHTTP2_ENHANCE_YOUR_CALM])(
    'follows a GOAWAY (code %i) to another connection',
    async (code) => {
      await using up = await startHttp2Upstream((stream, headers) => {
        if (stream.id !== 3) return sayHttp2('after')(stream, headers)
        stream.session?.goaway(code, 1)
      })
      await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
      await (await mesh.outbound.request(URL_OF)).body.dump()
      const response = await mesh.outbound.request(URL_OF, { method: 'POST', body: 'x' })
      expect(await response.body.text()).toBe('after')
      expect(up.connections).toBe(2)
    },
  )

  test('is none that was on its way when a server leaves: that one is finished on the old connection', async () => {
    let finish = (): void => undefined
    await using up = await startHttp2Upstream((stream, headers) => {
      if (headers[':path'] !== '/slow') return sayHttp2('new')(stream, headers)
      finish = () => sayHttp2('old')(stream, headers)
      stream.session?.goaway(0, stream.id)
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const slow = mesh.outbound.request('http://reviews/slow')
    await until(() => up.seen.length === 1)
    await until(async () => {
      const next = await mesh.outbound.request(URL_OF)
      return (await next.body.text()) === 'new' && up.connections === 2
    })
    finish()
    expect(await (await slow).body.text()).toBe('old')
  })
})

describe('connections of HTTP/2', () => {
  test('are left after so many requests, and after so long', async () => {
    await using up = await startHttp2Upstream(sayHttp2('x'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { ...H2, maxRequestsPerConnection: 2 } })
    for (let round = 0; round < 4; round++) await (await mesh.outbound.request(URL_OF)).body.dump()
    expect(up.connections).toBe(2)
    mesh.setCluster({ ...H2, maxConnectionDurationMs: 20 }, [up.endpoint])
    await (await mesh.outbound.request(URL_OF)).body.dump()
    await until(() => up.sessions.size === 0)
  })

  test('are left while requests wait for them, and each of those is sent once', async () => {
    await using up = await startHttp2Upstream((stream, headers) => {
      setTimeout(() => sayHttp2('x')(stream, headers), 2)
    })
    await using mesh = outboundHarness({
      endpoints: [up.endpoint],
      cluster: {
        ...H2,
        maxRequestsPerConnection: 3,
        http2ProtocolOptions: { maxConcurrentStreams: 2 },
        circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, maxConnections: 1 },
      },
    })
    const paths = Array.from({ length: 30 }, (_, n) => `/${n}`)
    const ask = async (path: string): Promise<string> =>
      (await mesh.outbound.request(`http://reviews${path}`)).body.text()
    expect(new Set(await Promise.all(paths.map(ask)))).toEqual(new Set(['x']))
    expect(up.seen.map(({ ':path': path }) => path).sort()).toEqual([...paths].sort())
    expect(mesh.states().map(({ active }) => active)).toEqual([0])
  })

  test('that answer no PING are cut, and their requests with them', async () => {
    const sockets = new Set<Socket>()
    const deaf = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.resume().write(EMPTY_SETTINGS)
    })
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    await using mesh = outboundHarness({
      endpoints: [localEndpoint((deaf.address() as AddressInfo).port)],
      cluster: { ...H2, http2ProtocolOptions: { connectionKeepalive: { intervalMs: 20, timeoutMs: 20 } } },
    })
    const error = await mesh.outbound.request(URL_OF, { method: 'POST', body: 'x' }).catch((reason) => reason)
    expect(String(error)).toMatch(/has not answered a PING/)
    await until(() => [...sockets].every(({ destroyed }) => destroyed))
    deaf.close()
  })

  test('end when the endpoint goes, but not before their requests', async () => {
    let finish = (): void => undefined
    await using up = await startHttp2Upstream((stream, headers) => {
      finish = () => sayHttp2('x')(stream, headers)
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const call = mesh.outbound.request(URL_OF)
    await until(() => up.seen.length === 1)
    mesh.setCluster(H2, [])
    finish()
    expect(await (await call).body.text()).toBe('x')
    await until(() => up.sessions.size === 0)
  })

  test('are made for the requests that wait for them, also when the policy or the endpoint changes meanwhile', async () => {
    await using up = await startHttp2Upstream(sayHttp2('x'))
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const ask = async (): Promise<string> => (await mesh.outbound.request(URL_OF)).body.text()
    const calls = [ask(), ask()]
    mesh.setCluster({ ...H2, connectTimeoutMs: 4_000 }, [up.endpoint])
    calls.push(ask())
    mesh.setCluster(H2, [])
    expect(await Promise.all(calls)).toEqual(['x', 'x', 'x'])
    await until(() => up.sessions.size === 0)
    expect(up.connections).toBe(2)
  })

  test('reset only the stream of a call that is given up', async () => {
    await using up = await startHttp2Upstream((stream, headers) => {
      if (headers[':path'] === '/x') sayHttp2('x')(stream, headers)
    })
    await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: H2 })
    const stop = new AbortController()
    const call = mesh.outbound.request('http://reviews/hang', { signal: stop.signal }).catch((error) => error)
    await until(() => up.seen.length === 1)
    stop.abort()
    expect((await call).name).toBe('AbortError')
    expect(await (await mesh.outbound.request(URL_OF)).body.text()).toBe('x')
    expect(up.connections).toBe(1)
    expect(mesh.recorder.calls[0]).toMatchObject({ flags: 'DC' })
  })
})

/** The frame by which a server opens its side of a connection. */
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

const STRICT = {
  consecutive5xx: 1,
  consecutiveGatewayFailure: 1,
  consecutiveLocalOriginFailure: 1,
  splitExternalLocalOriginErrors: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 30_000,
  maxEjectionPercent: 100,
}
