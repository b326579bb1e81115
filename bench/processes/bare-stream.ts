// The least a Node server can do for a stream: answer with SSE headers, keep the response, write bytes to all.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveCommands } from '../lib/worker.ts'

const streams = new Set<ServerResponse>()
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(': open\n\n')
  streams.add(response)
  response.on('close', () => streams.delete(response))
}).listen(0, '127.0.0.1')
await once(server, 'listening')

serveCommands({
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  memory: () => {
    globalThis.gc?.()
    return process.memoryUsage().rss
  },
  streams: () => streams.size,
  /** Writes one event of this many bytes to everybody. */
  broadcast: (bytes: number) => {
    const event = Buffer.from(
      `event: update\ndata: {"resources":[],"pad":"${'x'.repeat(Math.max(0, bytes - 50))}"}\n\n`,
    )
    for (const stream of streams) stream.write(event)
  },
})
