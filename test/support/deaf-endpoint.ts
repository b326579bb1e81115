import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Endpoint } from '@weft/mesh-protocol'
import { localEndpoint } from './outbound.ts'

/** A port towards which connections stay under way for ever. */
export interface DeafEndpoint extends AsyncDisposable {
  readonly endpoint: Endpoint
}

/** Listens, never accepts, and has no room for another connection in its queue. */
const LISTENER = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

export async function startDeafEndpoint(): Promise<DeafEndpoint> {
  const worker = new Worker(LISTENER, { eval: true })
  const [port] = (await once(worker, 'message')) as [number]
  const sockets: Socket[] = []
  for (let full = false; !full; ) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    full = await Promise.race([once(socket, 'connect').then(() => false), sleep(150, true)])
    if (sockets.length > 20) throw new Error('the queue of a listening socket does not fill up')
  }
  return {
    endpoint: localEndpoint(port),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await worker.terminate()
    },
  }
}
