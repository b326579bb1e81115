// The least a Node server can do for a stream: answer with SSE headers, keep the response, write bytes to all.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readMemory } from '../lib/memory.ts'
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
  memory: readMemory,
  streams: () => streams.size,
  /** Writes one event to everybody. */
  broadcast: (event: string) => {
    const bytes = Buffer.from(`${event}\n\n`)
    for (const stream of streams) stream.write(bytes)
  },
})
