// A bare server that listens on several ports, so that it can stand for several endpoints. BENCH_PROTOCOL says what it speaks:
// `http` (default), `http2`, or `tcp`, a few bytes for whoever connects; over mutual TLS where there is BENCH_TLS.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { serverTls } from '../lib/bare-tls.ts'
import { serveCommands } from '../lib/worker.ts'

const BODY = Buffer.from(
  JSON.stringify({ id: 7, reviews: [{ reviewer: 'Reviewer1', text: 'An extremely entertaining play.' }] }),
)

const listener: RequestListener = (request, response) => {
  request.resume()
  const last = request.url === '/once' ? { connection: 'close' } : {}
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length, ...last })
  response.end(BODY)
}

const tls = serverTls()
const KEEP = { keepAliveTimeout: 60_000 }
const SERVERS: Readonly<Record<string, () => Server>> = {
  http: () => (tls === undefined ? createServer(KEEP, listener) : createHttpsServer({ ...KEEP, ...tls }, listener)),
  http2: () => createSecureServer({ ...tls }, listener as never),
  tcp: () => createTlsServer({ ...tls }, (socket) => socket.on('error', () => undefined).end(BODY)),
}

const create = SERVERS[process.env.BENCH_PROTOCOL ?? 'http'] as () => Server
const ports: number[] = []
for (let i = 0; i < 2; i++) {
  const server = create().listen(0, '127.0.0.1')
  await once(server, 'listening')
  ports.push((server.address() as AddressInfo).port)
}

serveCommands({ ports: () => ports })
