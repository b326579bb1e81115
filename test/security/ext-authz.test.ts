import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { ExtAuthzProvider, InboundPolicy } from '@weft/mesh-protocol'
import { Agent } from 'undici'
import { describe, expect, test } from 'vitest'
import { createAskProvider } from '../../packages/mesh-client/src/http/ext-authz/ask-provider.ts'
import { outsideHttp2 } from '../../packages/mesh-client/src/http/ext-authz/outside-http2.ts'
import {
  bytesField,
  Message,
  numberField,
  presentField,
} from '../../packages/mesh-client/src/http/ext-authz/protobuf.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

/** What a provider was asked. */
interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Provider extends AsyncDisposable {
  readonly port: number
  readonly asked: Asked[]
}

type Answer = (asked: Asked, response: ServerResponse) => void

async function provider(answer: Answer, speaks: 'http' | 'http2' = 'http'): Promise<Provider> {
  const asked: Asked[] = []
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: Buffer.concat(chunks) }
    asked.push(one)
    answer(one, response)
  }
  const sessions = new Set<{ destroy(): void }>()
  const server = speaks === 'http' ? createServer(listener) : createHttp2Server(listener as never)
  server.on('session', (session: { destroy(): void }) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
    },
  }
}

const agent = new Agent()
const ask = createAskProvider({
  dispatcher: () => agent,
  http2: outsideHttp2(),
  isOfMesh: () => false,
  clock: systemClock,
  timers: systemTimers,
})

function policyOf(port: number, options: Partial<ExtAuthzProvider> = {}): Partial<InboundPolicy> {
  const base = { protocol: 'http', host: '127.0.0.1', timeoutMs: 2_000, failOpen: false, statusOnError: 403 } as const
  return {
    authorization: {
      custom: [{ name: 'ns/custom', rules: [{ not: { urlPath: { exact: '/health' } } }], provider: 'ext' }],
      deny: [{ name: 'ns/deny', rules: [{ urlPath: { exact: '/denied' } }] }],
    },
    extAuthzProviders: { ext: { ...base, port, ...options } },
  }
}

const guarded = (policy: Partial<InboundPolicy>) => guardedServer(policy, {}, { ask })
const allow: Answer = (_asked, response) => response.writeHead(200, { 'x-user': 'alice', 'x-note': 'n' }).end()

describe('over HTTP', () => {
  test('is shown the request, and only the headers that policy names', async () => {
    await using ext = await provider(allow)
    await using server = await guarded(
      policyOf(ext.port, {
        pathPrefix: '/check',
        includeRequestHeadersInCheck: ['x-shown', 'y-*', '*-z'],
        includeAdditionalHeadersInCheck: { 'x-mesh': 'weft' },
      }),
    )
    const headers = {
      'x-shown': '1',
      'y-a': '2',
      'a-z': '3',
      'x-hidden': '4',
      authorization: 'Bearer t',
      cookie: 'c=1',
    }
    const answer = await fetch(`${server.url}/a?b=1`, { method: 'PUT', body: 'secret', headers })
    expect(await answer.text()).toBe('served /a?b=1')
    const [asked] = ext.asked
    expect(asked).toMatchObject({
      method: 'PUT',
      path: '/check/a?b=1',
      headers: {
        'x-shown': '1',
        'y-a': '2',
        'a-z': '3',
        'x-mesh': 'weft',
        authorization: 'Bearer t',
        host: new URL(server.url).host,
      },
    })
    expect(asked?.headers).not.toHaveProperty('x-hidden')
    expect(asked?.headers).not.toHaveProperty('cookie')
    expect(asked?.body.length).toBe(0)
  })

  test('says what the application and the caller get, and no more', async () => {
    await using ext = await provider(allow)
    await using server = await guarded(
      policyOf(ext.port, { headersToUpstreamOnAllow: ['x-user'], headersToDownstreamOnAllow: ['x-note'] }),
    )
    const answer = await fetch(`${server.url}/a`, { headers: { 'x-user': 'root', 'x-note': 'mine' } })
    expect(answer.headers.get('x-note')).toBe('n')
    expect(answer.headers.get('x-user')).toBeNull()
    expect(server.seen[0]?.headers).toMatchObject({ 'x-user': 'alice', 'x-note': 'mine' })
  })

  test('denies with its own answer', async () => {
    await using ext = await provider((_asked, response) =>
      response.writeHead(302, { location: '/login', 'x-a': '1', 'x-b': '2', 'set-cookie': ['c=1', 'd=2'] }).end('go'),
    )
    await using all = await guarded(policyOf(ext.port))
    const answer = await fetch(`${all.url}/a`, { redirect: 'manual' })
    expect([answer.status, await answer.text(), answer.headers.get('x-a')]).toEqual([302, 'go', '1'])
    expect(answer.headers.get('location')).toBe('/login')
    expect(all.seen).toEqual([])
    await poll(() => all.harness.audited.length === 1, 'the entry')
    expect(all.harness.calls[0]).toMatchObject({ status: 302, flags: 'UAEX' })
    expect(all.harness.audited[0]).toMatchObject({ policy: 'ns/custom', reason: 'the provider answered 302' })
    await using some = await guarded(policyOf(ext.port, { headersToDownstreamOnDeny: ['x-a'] }))
    const less = await fetch(`${some.url}/a`, { redirect: 'manual' })
    expect([less.headers.get('x-a'), less.headers.get('x-b'), less.headers.get('location')]).toEqual([
      '1',
      null,
      '/login',
    ])
  })

  test('is asked only where a policy says so, and cannot allow what another denies', async () => {
    await using ext = await provider(allow)
    await using server = await guarded(policyOf(ext.port))
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    expect(ext.asked).toEqual([])
    expect((await fetch(`${server.url}/denied`)).status).toBe(403)
    expect(ext.asked).toHaveLength(1)
  })

  test.each<[string, Answer]>([
    ['is silent', () => undefined],
    ['fails', (_asked, response) => response.writeHead(503).end()],
    ['hangs up', (_asked, response) => void response.socket?.destroy()],
  ])('a service that %s lets nobody in, or everybody where policy says so', async (_, answer) => {
    await using ext = await provider(answer)
    await using closed = await guarded(policyOf(ext.port, { timeoutMs: 200, statusOnError: 503 }))
    expect((await fetch(`${closed.url}/a`)).status).toBe(503)
    expect(closed.seen).toEqual([])
    await using open = await guarded(policyOf(ext.port, { timeoutMs: 200, failOpen: true }))
    expect((await fetch(`${open.url}/a`)).status).toBe(200)
  })

  test('one that is not there, and one that nobody knows', async () => {
    await using gone = await guarded(policyOf(1))
    expect((await fetch(`${gone.url}/a`)).status).toBe(403)
    await using unknown = await guarded({ ...policyOf(1), extAuthzProviders: {} })
    const answer = await fetch(`${unknown.url}/a`)
    expect([answer.status, await answer.text()]).toEqual([403, 'RBAC: access denied'])
  })
})

describe('bodies', () => {
  const shown = { maxRequestBytes: 10, allowPartialMessage: true, packAsBytes: false }

  /** An application that reads the body. */
  async function echo(policy: Partial<InboundPolicy>, protocol: 'http' | 'http2' = 'http') {
    const harness = inboundHarness({ ask })
    harness.policy.set({ inbound: { ...inboundPolicy([]), ...policy } })
    const listener: RequestListener = async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      response.end(Buffer.concat(chunks))
    }
    const { url, port } = await harness.inbound.serve(listener, { host: '127.0.0.1', protocol })
    return { url, port, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() }
  }

  test.each([
    ['short', 'short', 'false'],
    ['0123456789', '0123456789', 'false'],
    ['0123456789ab', '0123456789', 'true'],
    ['x'.repeat(300_000), 'xxxxxxxxxx', 'true'],
  ])('%.20s is shown as far as policy says, and reaches the application whole', async (body, seen, partial) => {
    await using ext = await provider(allow)
    await using server = await echo(policyOf(ext.port, { includeRequestBodyInCheck: shown }))
    const answer = await fetch(`${server.url}/a`, { method: 'POST', body })
    expect(await answer.text()).toBe(body)
    expect(ext.asked[0]?.body.toString()).toBe(seen)
    expect(ext.asked[0]?.headers['x-envoy-auth-partial-body']).toBe(partial)
  })

  test('in pieces, and none at all', async () => {
    await using ext = await provider(allow)
    await using server = await echo(
      policyOf(ext.port, { includeRequestBodyInCheck: { ...shown, maxRequestBytes: 1000 } }),
    )
    const pieces = async function* () {
      for (const piece of ['a', 'b', 'c']) {
        yield Buffer.from(piece)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const init = {
      method: 'POST',
      body: Readable.toWeb(Readable.from(pieces())),
      duplex: 'half',
    } as unknown as RequestInit
    expect(await (await fetch(`${server.url}/a`, init)).text()).toBe('abc')
    expect(await (await fetch(`${server.url}/a`)).text()).toBe('')
    expect(ext.asked.map(({ body }) => body.toString())).toEqual(['abc', ''])
  })

  test('of no length, though one was announced', async () => {
    await using ext = await provider(allow)
    await using server = await echo(policyOf(ext.port, { includeRequestBodyInCheck: shown }))
    const head = ['POST /a HTTP/1.1', 'Host: a', 'Connection: close', 'Transfer-Encoding: chunked', '', '']
    const connection = await rawConnection(server.port, head.join('\r\n'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    connection.socket.write('0\r\n\r\n')
    await connection.closed
    expect(connection.text).toMatch(/^HTTP\/1\.1 200 /)
    expect(ext.asked[0]?.body.length).toBe(0)
  })

  test('of clients that wait to be asked for them', async () => {
    await using ext = await provider(allow)
    await using server = await echo(policyOf(ext.port, { includeRequestBodyInCheck: shown }))
    const head = [
      'POST /a HTTP/1.1',
      'Host: a',
      'Connection: close',
      'Expect: 100-continue',
      'Content-Length: 2',
      '',
      '',
    ]
    const connection = await rawConnection(server.port, head.join('\r\n'))
    await connection.until('HTTP/1.1 100 Continue')
    connection.socket.write('ab')
    await connection.closed
    expect(connection.text).toMatch(/\r\n\r\nab$/)
    expect(ext.asked[0]?.body.toString()).toBe('ab')
  })

  test.each([['ab'], ['x'.repeat(300_000)]])('over HTTP/2: %.5s', async (body) => {
    await using ext = await provider(allow)
    await using server = await echo(policyOf(ext.port, { includeRequestBodyInCheck: shown }), 'http2')
    const session = connect(server.url)
    const stream = session.request({ ':method': 'POST', ':path': '/a' })
    stream.end(body)
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe(body)
    expect(ext.asked[0]?.body.toString()).toBe(body.slice(0, 10))
    session.destroy()
  })

  test('longer than it may be is refused where it cannot be shown in part', async () => {
    await using ext = await provider(allow)
    const whole = { ...shown, allowPartialMessage: false }
    await using server = await echo(policyOf(ext.port, { includeRequestBodyInCheck: whole }))
    const answer = await fetch(`${server.url}/a`, { method: 'POST', body: 'x'.repeat(50_000) })
    expect(answer.status).toBe(413)
    expect(ext.asked).toEqual([])
  })
})

/** `CheckResponse` from its parts. */
const option = (key: string, value: string, append = false): Buffer =>
  Buffer.concat([
    presentField(1, Buffer.concat([bytesField(1, key), bytesField(2, value)])),
    append ? presentField(2, numberField(1, 1)) : Buffer.alloc(0),
  ])

function grpcAnswer(message: Buffer, status = '0'): Answer {
  return (_asked, response) => {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(message.length, 1)
    response.setHeader('content-type', 'application/grpc')
    response.addTrailers({ 'grpc-status': status })
    response.end(Buffer.concat([prefix, message]))
  }
}

describe('over gRPC', () => {
  const GRPC = { protocol: 'grpc' } as const

  test('is told who asks for what, and says what is changed', async () => {
    const ok = Buffer.concat([
      presentField(2, option('X-User', 'alice')),
      presentField(2, option('x-list', 'b', true)),
      presentField(2, option(':path', '/evil')),
      bytesField(5, 'x-drop'),
      presentField(6, option('x-note', 'n')),
    ])
    await using ext = await provider(grpcAnswer(presentField(3, ok)), 'http2')
    await using server = await guarded(policyOf(ext.port, GRPC))
    const headers = { 'x-user': 'root', 'x-list': 'a', 'x-drop': '1', 'x-request-id': 'id' }
    const answer = await fetch(`${server.url}/a?b=1`, { method: 'DELETE', headers })
    expect([await answer.text(), answer.headers.get('x-note')]).toEqual(['served /a?b=1', 'n'])
    expect(server.seen[0]?.headers).toMatchObject({ 'x-user': 'alice', 'x-list': 'a,b' })
    expect(server.seen[0]?.headers).not.toHaveProperty('x-drop')
    const [asked] = ext.asked
    expect(asked?.path).toBe('/envoy.service.auth.v3.Authorization/Check')
    const attributes = new Message(asked?.body.subarray(5) ?? Buffer.alloc(0)).message(1)
    const http = attributes?.message(4)?.message(2)
    expect([http?.text(1), http?.text(2), http?.text(4), http?.text(5), http?.text(6)]).toEqual([
      'id',
      'DELETE',
      '/a?b=1',
      new URL(server.url).host,
      'http',
    ])
    const shown = new Map((http?.all(3) ?? []).map((entry) => [new Message(entry).text(1), new Message(entry).text(2)]))
    expect(shown.get('x-list')).toBe('a')
    expect(shown.get(':method')).toBe('DELETE')
    expect(attributes?.message(1)?.message(1)?.message(1)?.text(2)).toBe('127.0.0.1')
    expect(attributes?.message(2)?.message(1)?.message(1)?.number(3)).toBe(80)
  })

  test('denies with its own answer', async () => {
    const status = presentField(1, numberField(1, 7))
    const denied = Buffer.concat([
      presentField(1, numberField(1, 401)),
      presentField(2, option('x-why', 'because')),
      bytesField(3, 'no'),
    ])
    await using ext = await provider(grpcAnswer(Buffer.concat([status, presentField(2, denied)])), 'http2')
    await using server = await guarded(policyOf(ext.port, GRPC))
    const answer = await fetch(`${server.url}/a`)
    expect([answer.status, await answer.text(), answer.headers.get('x-why')]).toEqual([401, 'no', 'because'])
    await using bare = await provider(grpcAnswer(status), 'http2')
    await using other = await guarded(policyOf(bare.port, GRPC))
    expect((await fetch(`${other.url}/a`)).status).toBe(403)
  })

  test.each<[string, Answer]>([
    ['fails', grpcAnswer(Buffer.alloc(0), '14')],
    ['answers nonsense', grpcAnswer(Buffer.from([0xff, 0xff, 0xff]))],
    ['answers no gRPC', (_asked, response) => response.writeHead(404).end()],
  ])('a service that %s lets nobody in', async (_, answer) => {
    await using ext = await provider(answer, 'http2')
    await using server = await guarded(policyOf(ext.port, { ...GRPC, statusOnError: 500 }))
    expect((await fetch(`${server.url}/a`)).status).toBe(500)
    expect(server.seen).toEqual([])
  })
})

test('a caller that leaves while a provider is asked reaches nobody', async () => {
  const waiting: ServerResponse[] = []
  await using ext = await provider((_asked, response) => void waiting.push(response))
  await using server = await guarded(policyOf(ext.port))
  const leaving = new AbortController()
  const call = fetch(`${server.url}/a`, { signal: leaving.signal }).catch(() => 'left')
  await poll(() => waiting.length === 1, 'the question')
  leaving.abort()
  expect(await call).toBe('left')
  await poll(() => server.harness.calls.length === 1, 'the end of the call')
  const answered = once(waiting[0] as ServerResponse, 'finish')
  waiting[0]?.end()
  await answered
  await new Promise(setImmediate)
  expect(server.seen).toEqual([])
})
