import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import type { InboundPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { bytesField, Message, numberField, presentField } from '../../packages/mesh-client/src/kernel/protobuf.ts'
import { type Answer, allow, ask, policyOf, provider } from '../support/ext-authz.ts'
import { serveGreeter } from '../support/grpc/serve-greeter.ts'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'

const guarded = (policy: Partial<InboundPolicy>) => guardedServer(policy, {}, { ask })

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

  test('cannot break answers in two, nor the process', async () => {
    const evil = [option('x-a', 'b\r\nx-evil: 1'), option('x a', 'b'), option('x-b', '\u{1f600}')]
    const ok = evil.flatMap((bytes) => [presentField(2, bytes), presentField(6, bytes)])
    await using allowing = await provider(grpcAnswer(presentField(3, Buffer.concat(ok))), 'http2')
    await using served = await guarded(policyOf(allowing.port, GRPC))
    const answer = await fetch(`${served.url}/a`)
    expect([answer.status, answer.headers.get('x-evil'), answer.headers.get('x-a')]).toEqual([200, null, null])
    const status = presentField(1, numberField(1, 7))
    const no = presentField(2, Buffer.concat(evil.map((bytes) => presentField(2, bytes))))
    await using denying = await provider(grpcAnswer(Buffer.concat([status, no])), 'http2')
    await using refused = await guarded(policyOf(denying.port, GRPC))
    expect((await fetch(`${refused.url}/a`)).status).toBe(403)
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

describe('what HTTP/2 cannot send', () => {
  const TWICE = ['location', '/a', 'location', '/b', 'retry-after', '1', 'retry-after', '2', 'http2-settings', 'x']
  const OF_ONE = ['keep-alive', 'proxy-connection', 'upgrade', 'te', 'http2-settings', 'location', 'location']
  const status = presentField(1, numberField(1, 7))
  const options = (field: number): Buffer =>
    Buffer.concat(OF_ONE.map((name, index) => presentField(field, option(name, `${index}`))))
  const providers: readonly (readonly [string, Answer, 'http' | 'grpc'])[] = [
    ['a denial over HTTP', (_asked, response) => response.writeHead(302, TWICE).end(), 'http'],
    ['a permission over HTTP', (_asked, response) => response.writeHead(200, TWICE).end(), 'http'],
    ['a denial over gRPC', grpcAnswer(Buffer.concat([status, presentField(2, options(2))])), 'grpc'],
    ['a permission over gRPC', grpcAnswer(presentField(3, options(6))), 'grpc'],
  ]

  test.each(providers)('is left out of %s, and the caller has its answer', async (name, answer, protocol) => {
    await using ext = await provider(answer, protocol === 'grpc' ? 'http2' : 'http')
    const policy = policyOf(ext.port, { protocol, headersToDownstreamOnAllow: ['*'] })
    await using server = await guardedServer(policy, { protocol: 'http2' }, { ask })
    await using harness = inboundHarness({ ask })
    harness.policy.set({ inbound: { ...inboundPolicy([]), ...policy } })
    const { served } = await serveGreeter(harness)
    const denies = name.startsWith('a denial')
    const http = await overHttp2(server.url, { ':path': '/a' })
    expect(http[':status']).toBe(denies ? (protocol === 'http' ? 302 : 403) : 200)
    expect(http.location).toBe(protocol === 'http' ? '/b' : '6')
    const grpc = { ':method': 'POST', ':path': '/weft.test.Greeter/Hello', 'content-type': 'application/grpc' }
    const called = await overHttp2(served.url, grpc, Buffer.alloc(5))
    expect(called[':status']).toBe(200)
    expect(called['grpc-status']).toBe(denies ? (protocol === 'http' ? '2' : '7') : undefined)
  })
})

/** The head of an answer. */
async function overHttp2(url: string, head: OutgoingHttpHeaders, body?: Buffer): Promise<IncomingHttpHeaders> {
  const session = connect(url)
  const stream = session.request(head, { endStream: body === undefined })
  stream.end(body)
  const [headers] = await once(stream, 'response')
  session.destroy()
  return headers
}

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
