// One way to serve, in a process of its own. BENCH_VARIANT says which.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMesh } from '@weft/mesh-client'
import { serveCommands } from '../lib/worker.ts'

const BODY = Buffer.from(JSON.stringify({ id: 7, ratings: { Reviewer1: 5, Reviewer2: 4 } }))

const listener: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length })
  response.end(BODY)
}

async function bare(): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function mesh(): Promise<number> {
  const server = await createMesh({ service: 'bench-server' }).serve(listener, { port: 0, host: '127.0.0.1' })
  return server.port
}

const port = process.env.BENCH_VARIANT === 'mesh.serve' ? await mesh() : await bare()
let before = process.cpuUsage()
serveCommands({
  port: () => port,
  startCpu: () => {
    before = process.cpuUsage()
  },
  cpuMicros: () => {
    const { user, system } = process.cpuUsage(before)
    return user + system
  },
})
