import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:http2'
import type { InboundPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { Listener } from '../../packages/mesh-client/src/http/inbound/listener.ts'
import { type InboundHarness, inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const LOOPBACK = { host: '127.0.0.1' }
const ORIGIN = { origin: 'https://a.example' }
const CORS = {
  allowOrigins: [{ exact: 'https://a.example' }],
  exposeHeaders: ['x-total'],
  forwardNotMatchingPreflights: true,
}

function withPolicy(policy: Partial<InboundPolicy>): InboundHarness {
  const harness = inboundHarness()
  harness.policy.set({ inbound: { ...inboundPolicy([]), ...policy } })
  return harness
}

/** Ways to write a head, all with a `vary` and a permission of their own. */
const HEADS: Record<string, (response: ServerResponse) => void> = {
  setHeader: (response) => {
    response.setHeader('Vary', 'Accept')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end('served')
  },
  'writeHead with an object': (response) => {
    response.writeHead(200, { Vary: 'Accept', 'Access-Control-Allow-Origin': '*' }).end('served')
  },
  'writeHead with a flat list': (response) => {
    response.writeHead(200, 'Fine', ['Vary', 'Accept', 'Access-Control-Allow-Origin', '*', 'x-a', '1', 'x-a', '2'])
    response.end('served')
  },
}

describe('CORS', () => {
  test.each(Object.entries(HEADS))(
    'the policy says who may read, whatever the application says by %s',
    async (_, head) => {
      await using harness = withPolicy({ routes: [{ name: 'all', match: {}, cors: CORS }] })
      const server = await harness.inbound.serve(
        (_request: IncomingMessage, response: ServerResponse) => head(response),
        LOOPBACK,
      )
      const answer = await fetch(server.url, { headers: ORIGIN })
      expect(await answer.text()).toBe('served')
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://a.example')
      expect(answer.headers.get('access-control-expose-headers')).toBe('x-total')
      expect(answer.headers.get('vary')).toBe('Accept, Origin')
      if (answer.statusText === 'Fine') expect(answer.headers.get('x-a')).toBe('1, 2')
    },
  )

  test('a preflight is answered by the mesh, another OPTIONS by the application', async () => {
    await using harness = withPolicy({
      routes: [
        { name: 'open', match: { path: { prefix: '/open' } } },
        { name: 'rest', servicePorts: [80], match: {}, cors: CORS },
      ],
    })
    const listener: Listener = (_request: IncomingMessage, response: ServerResponse) => response.end('application')
    const server = await harness.inbound.serve(listener, LOOPBACK)
    const preflight = { ...ORIGIN, 'access-control-request-method': 'PUT' }
    const ask = async (path: string, headers: Record<string, string>): Promise<[string, string | null]> => {
      const answer = await fetch(server.url + path, { method: 'OPTIONS', headers })
      return [await answer.text(), answer.headers.get('access-control-allow-origin')]
    }
    expect(await ask('/x', preflight)).toEqual(['', 'https://a.example'])
    expect(await ask('/x', { ...preflight, origin: 'https://b.example' })).toEqual(['application', null])
    expect(await ask('/open/x', preflight)).toEqual(['application', null])
    expect(harness.calls.map(({ status, flags }) => [status, flags])).toEqual(Array(3).fill([200, '-']))
  })

  test('a preflight whose body nobody has asked for ends the connection', async () => {
    await using harness = withPolicy({ routes: [{ name: 'all', match: {}, cors: CORS }] })
    const waiting = createServer().on('checkContinue', (_request, response) => response.writeContinue())
    const server = await harness.inbound.serve(waiting, LOOPBACK)
    const head = ['OPTIONS / HTTP/1.1', 'Host: a', 'Origin: https://a.example', 'Access-Control-Request-Method: PUT']
    const body = ['Expect: 100-continue', 'Content-Length: 5', '', '']
    const connection = await rawConnection(server.port, [...head, ...body].join('\r\n'))
    expect(await connection.closed).toBe('end')
    expect(connection.text).toMatch(/^HTTP\/1\.1 200 OK\r\naccess-control-allow-origin: https:\/\/a\.example\r\n/)
  })
})

describe('faults on purpose', () => {
  const served: Listener = (_request: IncomingMessage, response: ServerResponse) => response.end('served')

  test('an abort answers instead of the application, only where the rule matches first', async () => {
    const abort = { percent: 100, httpStatus: 503 }
    await using harness = withPolicy({
      faults: [
        { name: 'spared', match: { path: { exact: '/health' } }, fault: {} },
        { name: 'rest', match: {}, fault: { abort } },
      ],
    })
    const server = await harness.inbound.serve(served, LOOPBACK)
    const answer = await fetch(`${server.url}/x`, { method: 'POST', body: 'x'.repeat(100_000) })
    expect([answer.status, await answer.text()]).toEqual([503, 'fault filter abort'])
    expect(await (await fetch(`${server.url}/health`)).text()).toBe('served')
    await poll(() => harness.calls.length === 2, 'both calls')
    expect(harness.calls.map(({ status, flags }) => [status, flags])).toEqual([
      [503, 'FI'],
      [200, '-'],
    ])
  })

  test('to a gRPC caller an abort is a gRPC status', async () => {
    await using harness = withPolicy({
      faults: [{ name: 'all', match: {}, fault: { abort: { percent: 100, grpcStatus: 14 } } }],
    })
    const server = await harness.inbound.serve(served, LOOPBACK)
    const answer = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/grpc' } })
    expect([answer.status, answer.headers.get('grpc-status')]).toEqual([200, '14'])
    await poll(() => harness.calls.length === 1, 'the call')
    expect(harness.calls).toMatchObject([{ status: 200, grpcStatus: '14', flags: 'FI' }])
  })

  test('a delay holds a request up, and is over when its caller leaves', async () => {
    const fault = { delay: { percent: 100, fixedDelayMs: 60 } }
    await using harness = withPolicy({ faults: [{ name: 'all', match: {}, fault }] })
    const server = await harness.inbound.serve(served, LOOPBACK)
    const before = performance.now()
    expect(await (await fetch(server.url)).text()).toBe('served')
    expect(performance.now() - before).toBeGreaterThan(50)
    harness.policy.set({
      inbound: {
        ...inboundPolicy([]),
        version: '2',
        faults: [{ name: 'all', match: {}, fault: { delay: { percent: 100, fixedDelayMs: 3_600_000 } } }],
      },
    })
    await expect(fetch(server.url, { signal: AbortSignal.timeout(30) })).rejects.toThrow()
    await poll(() => harness.calls.length === 2, 'the call whose caller left')
    expect(harness.calls.map(({ flags }) => flags)).toEqual(['DI', 'DI,DC'])
  })
})

test('over HTTP/2 it is all the same', async () => {
  await using harness = withPolicy({
    routes: [{ name: 'all', match: {}, cors: CORS }],
    faults: [
      { name: 'broken', match: { path: { prefix: '/broken' } }, fault: { abort: { percent: 100, httpStatus: 503 } } },
    ],
  })
  const head = HEADS['writeHead with an object'] as (response: ServerResponse) => void
  const listener: Listener = (_request: IncomingMessage, response: ServerResponse) => head(response)
  const server = await harness.inbound.serve(listener, { ...LOOPBACK, protocol: 'http2' })
  const session = connect(server.url)
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<unknown[]> => {
    const stream = session.request({ ':path': path, ...ORIGIN, ...headers })
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    const allowed = answer['access-control-allow-origin']
    return [answer[':status'], allowed, answer.vary, Buffer.concat(chunks).toString()]
  }
  expect(await ask('/')).toEqual([200, 'https://a.example', 'Accept, Origin', 'served'])
  expect(await ask('/broken')).toEqual([503, 'https://a.example', 'Origin', 'fault filter abort'])
  const preflight = { ':method': 'OPTIONS', 'access-control-request-method': 'PUT' }
  expect(await ask('/', preflight)).toEqual([200, 'https://a.example', 'Origin', ''])
  session.close()
})
