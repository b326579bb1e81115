// One service of a chain, in a process of its own: answers after it has called the next one, where there is one. The bare ones
// speak mutual TLS where there is BENCH_TLS.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { clientTls, serverTls } from '../lib/bare-tls.ts'
import { serveCommands } from '../lib/worker.ts'

const { BENCH_VARIANT, CHAIN_SERVICE, CHAIN_NEXT } = process.env
const BODY = Buffer.from(JSON.stringify({ id: 7, ratings: { Reviewer1: 5, Reviewer2: 4 } }))

type Fetch = typeof globalThis.fetch

function listener(fetch: Fetch): RequestListener {
  const call = async (): Promise<Buffer> => {
    if (CHAIN_NEXT === undefined || CHAIN_NEXT === '') return BODY
    const response = await fetch(CHAIN_NEXT)
    if (!response.ok) throw new Error(`the next service answered ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }
  return (_request, response) => {
    call().then(
      (body) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
        response.end(body)
      },
      (error: Error) => response.writeHead(502).end(error.message),
    )
  }
}

const KEEP = { keepAliveTimeout: 60_000 }

async function bare(): Promise<number> {
  const connect = clientTls()
  const server =
    connect === undefined
      ? createServer(KEEP, listener(fetch))
      : createHttpsServer({ ...KEEP, ...serverTls() }, listener(await fetchBy(connect)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** The platform's fetch knows no certificates of clients: it takes undici for that. */
async function fetchBy(connect: object): Promise<Fetch> {
  const { Agent, fetch: fetchOfUndici } = await import('undici')
  const dispatcher = new Agent({ connect, allowH2: false })
  return ((url: string) => fetchOfUndici(url, { dispatcher })) as unknown as Fetch
}

async function mesh(): Promise<number> {
  const { createMesh } = await import('@weft/mesh-client')
  const joined = createMesh({ service: CHAIN_SERVICE as string, version: 'v1' })
  const { port } = await joined.serve(createServer(KEEP, listener(joined.fetch)), { port: 0, host: '127.0.0.1' })
  await joined.ready()
  return port
}

const port = BENCH_VARIANT === 'mesh' ? await mesh() : await bare()
let before = process.cpuUsage()
serveCommands({
  port: () => port,
  startCpu: () => {
    before = process.cpuUsage()
  },
  usage: () => {
    const { user, system } = process.cpuUsage(before)
    return { cpuMicros: user + system, resident: process.memoryUsage.rss() }
  },
})
