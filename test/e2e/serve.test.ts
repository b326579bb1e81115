import { createServer, get, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { expect, test } from 'vitest'
import type { Listener } from '../../packages/mesh-client/src/http/inbound/listener.ts'
import type { ServeOptions } from '../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { type InboundHarness, inboundHarness } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const LOOPBACK = { host: '127.0.0.1' }

/** Each application reads its body in several turns and then tells what the context of the request carries. */
type Tell = () => string

const APPLICATIONS: Record<string, (tell: Tell) => Listener> = {
  'a function': (tell) => (request: IncomingMessage, response: ServerResponse) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => response.end(JSON.stringify({ bytes, carried: tell(), headers: request.headers })))
  },
  'an http.Server': (tell) =>
    createServer(async (request, response) => {
      let bytes = 0
      for await (const chunk of request) bytes += chunk.length
      response.end(JSON.stringify({ bytes, carried: tell(), headers: request.headers }))
    }),
  'an Express application': (tell) =>
    express().post('/echo', express.raw({ type: '*/*', limit: '1mb' }), (request, response) => {
      response.json({ bytes: request.body.length, carried: tell(), headers: request.headers })
    }),
  'a Koa application': (tell) =>
    new Koa().use(async (context) => {
      let bytes = 0
      for await (const chunk of context.req) bytes += chunk.length
      context.body = { bytes, carried: tell(), headers: context.headers }
    }),
  'a Fastify instance': (tell) => {
    const app = fastify()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.post('/echo', async (request) => ({
      bytes: (request.body as Buffer).length,
      carried: tell(),
      headers: request.headers,
    }))
    return app
  },
}

test.each(Object.keys(APPLICATIONS))(
  '%s is served, with the context kept over a body of several chunks',
  async (name) => {
    await using harness = inboundHarness({ propagate: ['x-canary'] })
    const tell: Tell = () => harness.context.getStore()?.headers.join() ?? 'nothing'
    const server = await harness.inbound.serve((APPLICATIONS[name] as (tell: Tell) => Listener)(tell), LOOPBACK)
    const answer = await post(`${server.url}/echo`, {
      'x-canary': 'yes',
      'content-type': 'application/octet-stream',
      'x-weft-peer': 'caller;default;caller;v1;caller;v1;c1',
      'X-Weft-Else': '1',
    })
    expect(answer).toMatchObject({ bytes: 3 * 70_000, carried: 'x-canary,yes' })
    expect(Object.keys(answer.headers)).not.toEqual(expect.arrayContaining([expect.stringContaining('x-weft-')]))
    await poll(() => harness.calls.length === 1, 'the record of the call')
    expect(harness.calls[0]).toMatchObject({ status: 200, peer: { workload: 'caller' }, flags: '-' })
  },
)

/** Sends three chunks with pauses between them, so that they reach the server apart. */
async function post(url: string, headers: Record<string, string>): Promise<{ headers: Record<string, string> }> {
  const request = httpRequest(url, { method: 'POST', headers })
  for (let chunk = 0; chunk < 3; chunk++) {
    request.write(Buffer.alloc(70_000, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  request.end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  let text = ''
  for await (const chunk of response) text += chunk
  return JSON.parse(text)
}

test('what the mesh reserves is off every list of headers, and the rest is as it came', async () => {
  await using harness = inboundHarness()
  const seen: unknown[] = []
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    seen.push(request.rawHeaders, request.headers, request.headersDistinct)
    response.end()
  }, LOOPBACK)
  const connection = await rawConnection(
    server.port,
    'GET / HTTP/1.1\r\nHost: h\r\nX-WEFT-Peer: a;b\r\nAccept: 1\r\nx-weft-trick: 2\r\nAccept: 3\r\nConnection: close\r\n\r\n',
  )
  await connection.closed
  expect(seen).toEqual([
    ['Host', 'h', 'Accept', '1', 'Accept', '3', 'Connection', 'close'],
    { host: 'h', accept: '1, 3', connection: 'close' },
    { host: ['h'], accept: ['1', '3'], connection: ['close'] },
  ])
})

test('upgrade and CONNECT reach the listeners of an http.Server and are counted when their socket ends', async () => {
  await using harness = inboundHarness()
  const own = createServer((_request, response) => response.end('plain'))
  own.on('upgrade', (request, socket, head) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n${head}`)
    socket.write(`${harness.context.getStore()?.deadline}|${request.headers['x-weft-peer']}|`)
    socket.pipe(socket)
  })
  own.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  const server = await harness.inbound.serve(own, LOOPBACK)
  expect(server.server).toBe(own)

  const upgrade = await rawConnection(
    server.port,
    'GET /ws HTTP/1.1\r\nhost: h\r\nupgrade: echo\r\nconnection: upgrade\r\nx-weft-peer: w;n\r\nx-envoy-expected-rq-timeout-ms: 5\r\n\r\nfirst',
  )
  await upgrade.until('undefined|undefined|')
  upgrade.socket.write('hello')
  await upgrade.until('hello')
  expect(upgrade.text).toContain('101 Switching')
  expect(upgrade.text).toContain('first')
  expect(harness.calls).toEqual([])
  upgrade.socket.end()
  await upgrade.closed
  const refused = await rawConnection(server.port, 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n')
  await refused.until('403')
  refused.socket.end()
  await poll(() => harness.calls.length === 2, 'the records of both')
  expect(harness.calls.map(({ status, flags, peer }) => [status, flags, peer?.workload])).toEqual([
    [101, '-', 'w'],
    [403, '-', undefined],
  ])
})

test('Expect: 100-continue works with and without a listener for it, and is counted once', async () => {
  await using harness = inboundHarness()
  const own = createServer((request, response) => void request.resume().on('end', () => response.end('done')))
  const server = await harness.inbound.serve(own, LOOPBACK)
  const bytes = 'POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n'
  const send = async (): Promise<string> => {
    const connection = await rawConnection(server.port, bytes)
    await connection.until('100 Continue')
    connection.socket.write('ab')
    await connection.closed
    return connection.text
  }
  expect(await send()).toContain('done')
  own.on('checkContinue', (request, response) => {
    response.writeContinue()
    own.emit('request', request, response)
  })
  expect(await send()).toContain('done')
  await poll(() => harness.calls.length === 2, 'one record a request')
})

test('an error thrown by the application is what it is without the mesh', async () => {
  await using harness = inboundHarness()
  const thrown = new Error('thrown by the application')
  const own = createServer(() => {
    throw thrown
  })
  const server = await harness.inbound.serve(own, LOOPBACK)
  const seen = new Promise((resolve) => process.once('uncaughtException', resolve))
  const others = process.listeners('uncaughtException').slice(0, -1)
  for (const listener of others) process.off('uncaughtException', listener)
  try {
    const client = get(server.url).on('error', () => undefined)
    expect(await seen).toBe(thrown)
    client.destroy()
  } finally {
    for (const listener of others) process.on('uncaughtException', listener)
  }
})

test('several ports are served at once, each registered as it is dialled', async () => {
  await using harness = inboundHarness({ address: 'web.internal', servicePort: 8080 })
  const listener = (_request: IncomingMessage, response: ServerResponse): void => void response.end('one')
  const first = await harness.inbound.serve(listener, LOOPBACK)
  const second = await harness.inbound.serve(listener, { ...LOOPBACK, servicePort: 9090 })
  expect(harness.registered).toEqual([
    { address: 'web.internal', ports: [port('http', 8080, first.port)] },
    { address: 'web.internal', ports: [port('http-9090', 9090, second.port)] },
  ])
  expect(await (await fetch(second.url)).text()).toBe('one')
  await expect(harness.inbound.serve(listener, LOOPBACK)).rejects.toMatchObject({
    code: 'WEFT_CONFIG',
    message: expect.stringContaining('servicePort 8080'),
  })
  await first.close({ timeoutMs: 0 })
  expect(harness.registered).toHaveLength(1)
  expect(first.address()).toBeNull()
  const again = await harness.inbound.serve(listener, { ...LOOPBACK, port: first.port })
  expect([again.port, again.url]).toEqual([first.port, `http://127.0.0.1:${first.port}`])
})

function port(name: string, servicePort: number, listenPort: number): object {
  return { name, servicePort, port: servicePort, listenPort, protocol: 'http' }
}

test('bound to all addresses, the host’s own address is registered and the URL leads to loopback', async () => {
  await using harness = inboundHarness()
  const server = await harness.inbound.serve((_request: IncomingMessage, response: ServerResponse) => response.end())
  expect(harness.registered[0]?.address).not.toMatch(/^(?:::|0\.0\.0\.0)$/)
  expect((await fetch(server.url)).status).toBe(200)
})

test('a port in use rejects with the server’s own error, leaves the server as it was, and can be tried again', async () => {
  await using harness = inboundHarness()
  const other = await harness.inbound.serve(
    (_request: IncomingMessage, response: ServerResponse) => response.end(),
    LOOPBACK,
  )
  const own = createServer((_request, response) => response.end('own'))
  const options: ServeOptions = { ...LOOPBACK, servicePort: 81 }
  await expect(harness.inbound.serve(own, { ...options, port: other.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'listen',
  })
  expect(Object.hasOwn(own, 'emit')).toBe(false)
  expect(harness.registered).toHaveLength(1)
  const server = await harness.inbound.serve(own, options)
  expect(await (await fetch(server.url)).text()).toBe('own')
})

test.each<[string, unknown, ServeOptions, string]>([
  ['nothing', undefined, {}, 'This cannot be served: undefined'],
  ['a plain object', { listen: 1 }, {}, 'an object of class Object'],
  ['a Fastify instance over TLS', fastify({ https: {} }), {}, 'of another kind'],
  ['a bad port', () => undefined, { port: 70_000 }, 'port must be a whole number from 0 to 65535, not 70000'],
])('%s is refused with what to do', async (_name, listener, options, message) => {
  await using harness = inboundHarness()
  await expect(harness.inbound.serve(listener as Listener, options)).rejects.toMatchObject({
    code: 'WEFT_CONFIG',
    message: expect.stringContaining(message),
  })
  expect(harness.registered).toEqual([])
})

test('a server that listens already is taken as it is, and none is served twice', async () => {
  await using harness: InboundHarness = inboundHarness()
  const own = createServer((_request, response) => response.end('own'))
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  const server = await harness.inbound.serve(own)
  expect(server.address()).toEqual(own.address())
  expect(await (await fetch(server.url)).text()).toBe('own')
  await expect(harness.inbound.serve(own, { servicePort: 81 })).rejects.toMatchObject({ code: 'WEFT_CONFIG' })
  await harness.inbound.close({ timeoutMs: 0 })
  expect(own.listening).toBe(false)
  await expect(harness.inbound.serve(own)).rejects.toMatchObject({ code: 'WEFT_CLOSED' })
})
