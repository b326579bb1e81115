// A bare server that listens on several ports, so that it can stand for several endpoints.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCommands } from '../lib/worker.ts'

const BODY = Buffer.from(
  JSON.stringify({ id: 7, reviews: [{ reviewer: 'Reviewer1', text: 'An extremely entertaining play.' }] }),
)

const listener: RequestListener = (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length })
  response.end(BODY)
}

const ports: number[] = []
for (let i = 0; i < 2; i++) {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ports.push((server.address() as AddressInfo).port)
}

serveCommands({ ports: () => ports })
