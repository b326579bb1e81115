import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, get, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { encodePeer } from '../../packages/mesh-client/src/kernel/peer-header.ts'
import type { CallEnd, ServerCallFacts } from '../../packages/mesh-client/src/kernel/tracing.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const LOOPBACK = { host: '127.0.0.1' }
const GRPC = 'POST /s/m HTTP/1.1\r\nhost: h\r\ncontent-type: application/grpc+proto\r\ncontent-length: 0\r\n\r\n'

test('bytes are those of the wire, headers included, for each of the requests of a kept connection', async () => {
  await using harness = inboundHarness()
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    request.resume().on('end', () => response.end('x'.repeat(Number(request.url?.slice(1)))))
  }, LOOPBACK)
  const requests = [
    'GET /10 HTTP/1.1\r\nhost: h\r\n\r\n',
    `POST /50000 HTTP/1.1\r\nhost: h\r\ncontent-length: 3000\r\n\r\n${'y'.repeat(3000)}`,
    'POST /0 HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ]
  const connection = await rawConnection(server.port)
  const lengths: number[] = []
  for (const bytes of requests) {
    const before = connection.text.length
    connection.socket.write(bytes)
    await poll(() => harness.calls.length === lengths.length + 1, 'the record')
    await poll(() => connection.text.length > before && /\r\n\r\n(?:x*)$/.test(connection.text), 'the response')
    lengths.push(connection.text.length - before)
  }
  connection.socket.destroy()
  expect(harness.calls.map(({ requestBytes }) => requestBytes)).toEqual(requests.map((text) => text.length))
  expect(harness.calls.map(({ responseBytes }) => responseBytes)).toEqual(lengths)
  expect(harness.calls[0]?.durationMs).toBeGreaterThan(0)
})

test('a client that leaves is told by DC, with the status that was sent or 0; an application that gives up by UC', async () => {
  await using harness = inboundHarness()
  const arrived: (string | undefined)[] = []
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    arrived.push(request.url)
    if (request.url === '/begun') response.writeHead(201).write('begun')
    if (request.url === '/destroyed') response.destroy()
  }, LOOPBACK)
  const end = async (path: string, leave: (client: ReturnType<typeof get>) => void): Promise<string> => {
    const before = harness.calls.length
    const client = get(`${server.url}${path}`).on('error', () => undefined)
    await poll(() => arrived.includes(path), 'the request')
    leave(client)
    await poll(() => harness.calls.length > before, 'the record')
    const { status, flags } = harness.calls.at(-1) as { status: number; flags: string }
    return `${status} ${flags}`
  }
  expect(await end('/silent', (client) => client.destroy())).toBe('0 DC')
  expect(await end('/begun', (client) => client.destroy())).toBe('201 DC')
  expect(await end('/reset', (client) => client.socket?.resetAndDestroy())).toBe('0 DC')
  expect(await end('/destroyed', () => undefined)).toBe('0 UC')
})

test('of pipelined requests whose connection breaks, each is counted', async () => {
  await using harness = inboundHarness()
  let arrived = 0
  const server = await harness.inbound.serve(() => void arrived++, LOOPBACK)
  const connection = await rawConnection(server.port, 'GET / HTTP/1.1\r\nhost: h\r\n\r\n'.repeat(3))
  await poll(() => arrived === 3, 'three requests')
  connection.socket.destroy()
  await poll(() => harness.calls.length === 3, 'three records')
  expect(harness.calls.map(({ status, flags }) => `${status} ${flags}`)).toEqual(['0 DC', '0 DC', '0 DC'])
})

test.each<[string, (response: ServerResponse) => void, string]>([
  [
    'trailers',
    (response) => void response.writeHead(200, { trailer: 'grpc-status' }).addTrailers({ 'Grpc-Status': '5' }),
    '5',
  ],
  [
    'a list of trailers',
    (response) => void response.writeHead(200, { trailer: 'grpc-status' }).addTrailers([['grpc-status', '6']]),
    '6',
  ],
  ['headers', (response) => void response.setHeader('grpc-status', 7), '7'],
  ['nothing but the HTTP status', (response) => void Object.assign(response, { statusCode: 503 }), '14'],
])('the gRPC status is read from %s', async (_where, set, grpcStatus) => {
  await using harness = inboundHarness()
  const server = await harness.inbound.serve((_request: IncomingMessage, response: ServerResponse) => {
    set(response)
    response.end()
  }, LOOPBACK)
  const connection = await rawConnection(server.port, GRPC)
  await poll(() => harness.calls.length === 1, 'the record')
  connection.socket.destroy()
  expect(harness.calls[0]).toMatchObject({ protocol: 'grpc', grpcStatus })
})

test('the destination is the service behind the port by the newest policy, and the peer is who the header says', async () => {
  await using harness = inboundHarness({ servicePort: 8080 })
  const peer = {
    workload: 'w-v2',
    namespace: 'n;=',
    app: 'w',
    version: 'v2',
    canonicalService: 'w',
    canonicalRevision: 'v2',
    cluster: 'c',
  }
  const server = await harness.inbound.serve(
    (_request: IncomingMessage, response: ServerResponse) => response.end(),
    LOOPBACK,
  )
  const call = async (): Promise<void> => {
    const before = harness.calls.length
    await new Promise<void>((resolve) =>
      get(
        server.url,
        { headers: { 'x-weft-peer': encodePeer(peer) } },
        (response) => void response.resume().on('end', resolve),
      ),
    )
    await poll(() => harness.calls.length > before, 'the record')
  }
  await call()
  const service = { host: 'shop.default.svc.cluster.local', name: 'shop', namespace: 'default' }
  harness.policy.set({
    inbound: inboundPolicy([{ ...service, ports: [{ servicePort: 443, port: 8080, protocol: 'http' }] }]),
  })
  await call()
  expect(harness.calls).toMatchObject([
    { reporter: 'destination', protocol: 'http', grpcStatus: undefined, service: { name: 'self' }, peer },
    { service: { name: 'shop' }, peer },
  ])
})

test('a span stands around the application and the events of its request, and no trace header is carried beside it', async () => {
  const ends: CallEnd[] = []
  const facts: ServerCallFacts[] = []
  const active = new AsyncLocalStorage<string>()
  await using harness = inboundHarness({
    tracing: {
      inject: () => undefined,
      startClient: () => undefined,
      startServer: (told) => {
        facts.push(told)
        return {
          run: (action) => active.run('span', action),
          end: (end) => void ends.push(end),
        }
      },
    },
  })
  const spans: unknown[] = []
  const own = createServer((request, response) => {
    spans.push(active.getStore())
    request.on('data', () => spans.push(active.getStore()))
    request.on('end', () => {
      spans.push(active.getStore())
      response.statusCode = 418
      response.end(JSON.stringify(harness.context.getStore()?.headers))
    })
  })
  const server = await harness.inbound.serve(own, LOOPBACK)
  const headers = { traceparent: '00-a', 'x-request-id': 'r1', host: 'shop:8443' }
  const client = httpRequest(`${server.url}/p?q`, { method: 'PUT', headers })
  client.write('a')
  setTimeout(() => client.end('b'), 20)
  const response = await new Promise<IncomingMessage>((resolve) => void client.once('response', resolve))
  let text = ''
  for await (const chunk of response) text += chunk
  expect(JSON.parse(text)).toEqual(['x-request-id', 'r1'])
  expect(spans).toEqual(['span', 'span', 'span', 'span'])
  await poll(() => ends.length === 1, 'the end of the span')
  expect(ends).toEqual([{ status: 418, flags: '-' }])
  const [told] = facts as [ServerCallFacts]
  expect([told.method, told.scheme, told.host, told.port, told.path]).toEqual(['PUT', 'http', 'shop', 8443, '/p?q'])
  expect(told.headers.traceparent).toBe('00-a')
})

test('deadline and headers reach what the application does later, each request with its own', async () => {
  await using harness = inboundHarness({ propagate: ['x-user'] })
  const server = await harness.inbound.serve(async (_request: IncomingMessage, response: ServerResponse) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    const store = harness.context.getStore()
    const remaining = store?.deadline === undefined ? undefined : store.deadline - performance.now()
    response.end(JSON.stringify({ remaining, headers: store?.headers ?? null }))
  }, LOOPBACK)
  const ask = async (headers: Record<string, string>): Promise<{ remaining?: number; headers: string[] | null }> =>
    (await fetch(server.url, { headers })).json()
  const [timed, traced, bare, zero] = await Promise.all([
    ask({ 'x-envoy-expected-rq-timeout-ms': '5000', 'x-user': 'ann' }),
    ask({ b3: '1-2', 'x-b3-sampled': '1', 'x-user': 'bob' }),
    ask({}),
    ask({ 'x-envoy-expected-rq-timeout-ms': '0' }),
  ])
  expect(timed?.headers).toEqual(['x-user', 'ann'])
  expect(timed?.remaining).toBeGreaterThan(4_000)
  expect(timed?.remaining).toBeLessThan(5_000)
  expect(traced).toEqual({ headers: ['x-user', 'bob', 'b3', '1-2', 'x-b3-sampled', '1'] })
  expect([bare, zero]).toEqual([{ headers: [] }, { headers: [] }])
})

test('what goes on after the answer is bound by no deadline, what goes on for a caller that left is', async () => {
  await using harness = inboundHarness({ propagate: ['x-user'] })
  const contexts: unknown[] = []
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    const inherited = harness.context.getStore()
    response.on('close', () => contexts.push([request.url, inherited?.deadline !== undefined]))
    if (request.url === '/answered') response.end()
  }, LOOPBACK)
  const headers = { 'x-envoy-expected-rq-timeout-ms': '5000' }
  await (await fetch(`${server.url}/answered`, { headers })).text()
  await poll(() => contexts.length === 1, 'what follows the answer')
  await expect(fetch(`${server.url}/left`, { headers, signal: AbortSignal.timeout(20) })).rejects.toThrow()
  await poll(() => contexts.length === 2, 'what follows the leaving')
  expect(contexts).toEqual([
    ['/answered', false],
    ['/left', true],
  ])
})
