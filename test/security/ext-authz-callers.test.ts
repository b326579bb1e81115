import { createServer } from 'node:http'
import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { allow, ask, policyOf, provider } from '../support/ext-authz.ts'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { rawConnection } from '../support/raw-http.ts'

const ALL_HEADERS: Partial<ExtAuthzProvider> = { includeRequestHeadersInCheck: ['*'] }

describe('a caller has no way past a provider that is there', () => {
  test.each([
    ['a body that is announced', ['POST /a HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 0']],
    ['the server as a whole', ['OPTIONS * HTTP/1.1', 'Host: a']],
    ['headers of one connection', ['GET /a HTTP/1.1', 'Host: a', 'Keep-Alive: 1', 'Proxy-Connection: x', 'TE: gzip']],
    ['a header of many signs', ['GET /a HTTP/1.1', 'Host: a', 'X-A: \x80\xff;"']],
  ])('%s: it is asked, also where failOpen is set', async (_, lines) => {
    await using ext = await provider((_asked, response) => response.writeHead(403).end())
    await using server = await guardedServer(policyOf(ext.port, { ...ALL_HEADERS, failOpen: true }), {}, { ask })
    await server.raw(...lines)
    expect(server.seen).toEqual([])
    expect(ext.asked).toHaveLength(1)
  })

  test('what no question can be made of is no outage', async () => {
    await using ext = await provider(allow)
    await using harness = inboundHarness({ ask })
    harness.policy.set({ inbound: { ...inboundPolicy([]), ...policyOf(ext.port, { failOpen: true }) } })
    const application = createServer()
    let tunnels = 0
    application.on('connect', (_request, socket) => {
      tunnels++
      socket.end('HTTP/1.1 200 OK\r\n\r\n')
    })
    const { port } = await harness.inbound.serve(application, { host: '127.0.0.1' })
    const connection = await rawConnection(port, 'CONNECT inside:22 HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(await connection.until('\r\n')).toContain('403')
    await connection.closed
    expect([tunnels, ext.asked.length]).toEqual([0, 0])
  })

  test('what the mesh tells the provider itself, no caller tells it', async () => {
    await using ext = await provider(allow)
    const options = {
      ...ALL_HEADERS,
      includeAdditionalHeadersInCheck: { 'X-Mesh': 'weft' },
      includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: true, packAsBytes: false },
    }
    await using server = await guardedServer(policyOf(ext.port, options), {}, { ask })
    await server.raw('GET /a HTTP/1.1', 'Host: a', 'x-mesh: root', 'x-envoy-auth-partial-body: maybe')
    expect(ext.asked[0]?.headers).toMatchObject({ 'x-mesh': 'weft', 'x-envoy-auth-partial-body': 'false' })
  })
})

test('cookies of a provider come all, and besides those of the application', async () => {
  await using ext = await provider(({ path }, response) =>
    response.writeHead(path === '/denied-by-it' ? 401 : 200, { 'set-cookie': ['a=1', 'b=2'] }).end(),
  )
  await using harness = inboundHarness({ ask })
  const passed = { headersToDownstreamOnAllow: ['set-cookie'], headersToDownstreamOnDeny: ['set-cookie'] }
  harness.policy.set({ inbound: { ...inboundPolicy([]), ...policyOf(ext.port, passed) } })
  const { url } = await harness.inbound.serve(
    (_request, response) => void response.writeHead(200, { 'set-cookie': ['own=1'] }).end(),
    { host: '127.0.0.1' },
  )
  const cookies = async (path: string) => (await fetch(`${url}${path}`)).headers.getSetCookie()
  expect(await cookies('/denied-by-it')).toEqual(['a=1', 'b=2'])
  expect(await cookies('/')).toEqual(['own=1', 'a=1', 'b=2'])
})
