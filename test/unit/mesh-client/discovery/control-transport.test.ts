import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createControlTransport } from '../../../../packages/mesh-client/src/discovery/control-transport.ts'
import { systemTimers } from '../../../../packages/mesh-client/src/kernel/timers.ts'

const KIB = 1024
const SENT = 4 * KIB * KIB

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(Buffer.alloc(SENT, 'a'))
})

afterEach(() => {
  server.close()
  server.closeAllConnections()
})

/** Reads all of a stream, and tells how much of it at most between two turns of the event loop. */
async function readThrough(url: string): Promise<{ bytes: number; mostInATurn: number }> {
  const transport = createControlTransport({ token: async () => undefined, timers: systemTimers })
  const { body } = await transport.stream(url, { headers: {} })
  const reader = body.getReader()
  let bytes = 0
  let inThisTurn = 0
  let mostInATurn = 0
  const turn = (): void => {
    inThisTurn = 0
    turning = setImmediate(turn)
  }
  let turning = setImmediate(turn)
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.length
    inThisTurn += next.value.length
    mostInATurn = Math.max(mostInATurn, inThisTurn)
  }
  clearImmediate(turning)
  transport.close()
  return { bytes, mostInATurn }
}

describe('the stream of a control server', () => {
  it('is read whole, a piece in each turn of the event loop, however much comes at once', async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { bytes, mostInATurn } = await readThrough(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(bytes).toBe(SENT)
    // A piece that makes the measure full is taken whole; the system gives 64 KiB at most.
    expect(mostInATurn).toBeLessThanOrEqual(128 * KIB)
  })
})
