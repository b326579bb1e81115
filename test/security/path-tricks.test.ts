import { once } from 'node:events'
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { PathNormalization, Rbac } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'

const GUARD: Rbac = { deny: [{ name: 'ns/guard', rules: [{ urlPath: { prefix: '/admin' } }] }] }
const OPEN_ONLY: Rbac = { allow: [{ name: 'ns/open', rules: [{ urlPath: { prefix: '/open/' } }] }] }

const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

/** Ways to write `/admin` of which an application may think that they are `/admin`. */
describe('a path that is denied is denied in every spelling', () => {
  test.each<[PathNormalization, string, number]>([
    ['BASE', '/admin', 403],
    ['BASE', '/admin?x=1', 403],
    ['BASE', '/admin#x', 403],
    ['BASE', '/%61dmin', 403],
    ['BASE', '/%41dmin', 200],
    ['BASE', '/./admin', 403],
    ['BASE', '/open/../admin', 403],
    ['BASE', '/open/%2e%2E/admin', 403],
    ['BASE', '/open\\..\\admin', 403],
    ['BASE', '\\admin', 400],
    ['BASE', '/admin%00', 400],
    ['BASE', '/%00/../admin', 400],
    ['BASE', '/admin.', 403],
    ['BASE', '/admin;a=b', 403],
    ['BASE', 'http://elsewhere/admin', 403],
    ['BASE', 'HTTP://elsewhere/x/../admin', 403],
    ['MERGE_SLASHES', '//admin', 403],
    ['MERGE_SLASHES', '/.//admin', 403],
    ['DECODE_AND_MERGE_SLASHES', '/%2fadmin', 403],
    ['DECODE_AND_MERGE_SLASHES', '/open/..%2Fadmin', 403],
    ['DECODE_AND_MERGE_SLASHES', '/open%5c..%5Cadmin', 403],
  ])('%s %s: %i', async (pathNormalization, path, expected) => {
    await using server = await guardedServer({ pathNormalization, authorization: GUARD })
    expect(status(await server.raw(`GET ${path} HTTP/1.1`, 'Host: a'))).toBe(expected)
    expect(server.seen).toHaveLength(expected === 200 ? 1 : 0)
  })
})

describe('what is allowed is what the application sees', () => {
  test.each<[PathNormalization, string, string | undefined]>([
    ['BASE', '/open/../secret', undefined],
    ['BASE', '/open/a/../b?q=../%41', '/open/b?q=../%41'],
    ['BASE', '/open/..;/secret', '/open/..;/secret'],
    ['BASE', '/open/%2e%2e%2fsecret', '/open/..%2fsecret'],
    ['MERGE_SLASHES', '/open//../../secret', undefined],
    ['DECODE_AND_MERGE_SLASHES', '/open/%2e%2e%2fsecret', undefined],
    ['NONE', '/open/../secret#x', '/open/../secret'],
    ['BASE', 'http://b/open/x', '/open/x'],
    ['BASE', '/OPEN/x', undefined],
  ])('%s %s', async (pathNormalization, path, expected) => {
    await using server = await guardedServer({ pathNormalization, authorization: OPEN_ONLY })
    const answer = await server.raw(`GET ${path} HTTP/1.1`, 'Host: a')
    expect(status(answer)).toBe(expected === undefined ? 403 : 200)
    expect(server.seen[0]?.url).toBe(expected)
  })

  test('a target that names its host is of that host, whatever the header says', async () => {
    const authorization: Rbac = {
      allow: [{ name: 'ns/b', rules: [{ header: { name: ':authority', value: { exact: 'b' } } }] }],
    }
    await using server = await guardedServer({ authorization })
    expect(status(await server.raw('GET http://a/x HTTP/1.1', 'Host: b'))).toBe(403)
    expect(status(await server.raw('GET http://user@b/x HTTP/1.1', 'Host: a'))).toBe(200)
    expect(server.seen.map(({ headers, rawHeaders }) => [headers.host, rawHeaders.includes('a')])).toEqual([
      ['b', false],
    ])
  })

  test('a request that names several hosts is of none', async () => {
    const authorization: Rbac = {
      allow: [{ name: 'ns/b', rules: [{ header: { name: ':authority', value: { exact: 'b' } } }] }],
    }
    await using server = await guardedServer({ authorization })
    expect(status(await server.raw('GET / HTTP/1.1', 'Host: b', 'hOst: a'))).toBe(400)
    expect(status(await server.raw('GET / HTTP/1.1', 'Host: b', 'Host: b'))).toBe(400)
    expect(status(await server.raw('GET / HTTP/1.1', 'Host: b'))).toBe(200)
    expect(status(await server.raw('GET / HTTP/1.0'))).toBe(403)
  })

  test('over HTTP/2 everywhere where the application can look', async () => {
    await using server = await guardedServer(
      { pathNormalization: 'BASE', authorization: OPEN_ONLY },
      { protocol: 'http2' },
    )
    const session = connect(server.url)
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const stream = session.request(headers)
      const code = await new Promise<number>((resolve, reject) => {
        stream.once('response', (answer) => resolve(Number(answer[':status'])))
        stream.once('error', reject)
      })
      stream.destroy()
      return code
    }
    expect(await ask({ ':path': '/open/./x' })).toBe(200)
    expect(await ask({ ':path': '/open/../x' })).toBe(403)
    expect(await ask({ ':path': '/open/x', ':method': 'get' })).toBe(400)
    expect(await ask({ ':path': '/open/%00' })).toBe(400)
    expect(await ask({ ':path': 'open/x', ':scheme': 'other' })).toBe(400)
    expect(await ask({ ':path': 'http://elsewhere/open/x', ':scheme': 'other' })).toBe(400)
    const [seen] = server.seen
    expect([seen?.url, seen?.headers[':path' as 'host'], seen?.rawHeaders.includes('/open/./x')]).toEqual([
      '/open/x',
      '/open/x',
      false,
    ])
    session.close()
  })
})

test('over HTTP/2 a request of two hosts is of the one that was judged', async () => {
  const authorization: Rbac = {
    allow: [{ name: 'ns/b', rules: [{ header: { name: ':authority', value: { exact: 'b' } } }] }],
  }
  await using server = await guardedServer({ authorization }, { protocol: 'http2' })
  const session = connect(server.url)
  const ask = async (authority: string, host: string): Promise<number> => {
    const stream = session.request({ ':path': '/', ':authority': authority, host })
    const [answer] = await once(stream, 'response')
    stream.destroy()
    return Number(answer[':status'])
  }
  expect(await ask('a', 'b')).toBe(403)
  expect(await ask('b', 'a')).toBe(200)
  expect(server.seen[0]?.headers.host).toBe('b')
  session.destroy()
})

test('a CONNECT that opens a WebSocket over HTTP/2 is of its path', async () => {
  const opened: string[] = []
  const application = createServer({ settings: { enableConnectProtocol: true } }, (_request, response) =>
    response.end(),
  )
  application.on('connect', ({ url }: Http2ServerRequest, response: Http2ServerResponse) => {
    opened.push(url)
    response.end()
  })
  await using harness = inboundHarness()
  const authorization: Rbac = {
    ...GUARD,
    allow: [{ name: 'ns/get', rules: [{ header: { name: ':method', value: { exact: 'GET' } } }] }],
  }
  harness.policy.set({ inbound: { ...inboundPolicy([]), pathNormalization: 'BASE', authorization } })
  const { url } = await harness.inbound.serve(application as never, { host: '127.0.0.1', protocol: 'http2' })
  const session = connect(url)
  await once(session, 'remoteSettings')
  const ask = async (path: string): Promise<number> => {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, ':scheme': 'http' })
    const [answer] = await once(stream, 'response')
    stream.destroy()
    return Number(answer[':status'])
  }
  expect(await ask('/admin')).toBe(403)
  expect(await ask('/open/../admin')).toBe(403)
  expect(await ask('/open/./x')).toBe(200)
  expect(opened).toEqual(['/open/x'])
  session.destroy()
})

test('a request for the server as a whole has no path that could be denied', async () => {
  await using server = await guardedServer({ authorization: GUARD })
  expect(status(await server.raw('OPTIONS * HTTP/1.1', 'Host: a'))).toBe(200)
  expect(status(await server.raw('GET * HTTP/1.1', 'Host: a'))).toBe(400)
})

test('without policy paths are left as they come', async () => {
  await using server = await guardedServer({})
  await server.raw('GET /a/../b#c HTTP/1.1', 'Host: a')
  expect(server.seen[0]?.url).toBe('/a/../b#c')
})

test('a long path of escapes is normalized in no time', async () => {
  await using server = await guardedServer({ pathNormalization: 'DECODE_AND_MERGE_SLASHES' })
  const begin = performance.now()
  for (const part of ['%2e%2e%2f', '%%300', '/../', '%61', '/./'])
    expect(status(await server.raw(`GET /${part.repeat(1500)} HTTP/1.1`, 'Host: a'))).toBe(200)
  expect(performance.now() - begin).toBeLessThan(2_000)
})
