// One service of a chain, in a process of its own: answers after it has called the next one, where there is one.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
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

async function bare(): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener(fetch)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function mesh(): Promise<number> {
  const { createMesh } = await import('@weft/mesh-client')
  const joined = createMesh({ service: CHAIN_SERVICE as string, version: 'v1' })
  const options = { keepAliveTimeout: 60_000 }
  const { port } = await joined.serve(createServer(options, listener(joined.fetch)), { port: 0, host: '127.0.0.1' })
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
