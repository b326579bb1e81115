import type { RequestListener } from 'node:http'
import { connect } from 'node:http2'
import { Readable } from 'node:stream'
import type { InboundPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { allow, ask, policyOf, provider } from '../support/ext-authz.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { rawConnection } from '../support/raw-http.ts'

describe('bodies that a provider is shown', () => {
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
