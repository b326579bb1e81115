// One way to serve, in a process of its own. BENCH_VARIANT says which; bare ones speak mutual TLS where there is BENCH_TLS.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createMesh, type ServeOptions } from '@weft/mesh-client'
import { serverTls } from '../lib/bare-tls.ts'
import { portCommands } from '../lib/port-commands.ts'
import { serveCommands } from '../lib/worker.ts'

const BODY = Buffer.from(JSON.stringify({ id: 7, ratings: { Reviewer1: 5, Reviewer2: 4 } }))

const listener: RequestListener = (request, response) => {
  const last = request.url === '/once' ? { connection: 'close' } : {}
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length, ...last })
  response.end(BODY)
}

const says = (socket: Socket): void => void socket.on('error', () => undefined).end(BODY)

async function bare(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

async function mesh(protocol: ServeOptions['protocol']): Promise<number> {
  const joined = createMesh({ service: 'bench-server' })
  const options = { port: 0, host: '127.0.0.1', protocol } as const
  const { port } =
    protocol === 'tcp' ? await joined.serve(says, { ...options, protocol }) : await joined.serve(listener, options)
  await joined.ready()
  return port
}

const tls = serverTls()
const VARIANTS: Readonly<Record<string, () => Promise<number>>> = {
  'node:http': () => bare(createServer(listener)),
  'mesh.serve': () => mesh('http'),
  'node:https': () => bare(createHttpsServer({ ...tls }, listener)),
  'node:http2': () => bare(createSecureServer({ ...tls }, listener as never)),
  'mesh.serve, HTTP/2': () => mesh('http2'),
  'node:tls': () => bare(createTlsServer({ ...tls }, says)),
  'mesh.serve, connections': () => mesh('tcp'),
}

const start = VARIANTS[process.env.BENCH_VARIANT as string]
if (start === undefined) throw new Error(`no variant ${process.env.BENCH_VARIANT}`)
serveCommands(portCommands(await start()))
