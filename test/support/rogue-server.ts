import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Endpoint } from '@weft/mesh-protocol'
import { localEndpoint } from './outbound.ts'

/** A server of raw bytes, for what no well-behaved one would do. */
export interface RogueServer extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** Connections that are open now. */
  readonly open: number
  readonly accepted: number
}

/** @param behave is given every connection */
export async function startRogue(behave: (socket: Socket) => void): Promise<RogueServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    behave(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: localEndpoint((server.address() as AddressInfo).port),
    get open() {
      return sockets.size
    },
    get accepted() {
      return accepted
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

/** Answers, as soon as anything of a request has come, with these bytes. */
export function answering(bytes: string | Buffer, then: 'end' | 'reset' | 'stay'): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      socket.write(bytes, () => {
        if (then === 'end') socket.end()
        if (then === 'reset') socket.resetAndDestroy()
      })
      socket.resume()
    })
  }
}

/** Passes connections on to a port and cuts each after so many bytes of its answers. */
export function cuttingAfter(bytes: number, port: number): (socket: Socket) => void {
  return (socket) => {
    const upstream = connect(port, '127.0.0.1')
    upstream.on('error', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
    socket.pipe(upstream)
    let left = bytes
    if (left === 0) socket.once('data', () => socket.destroy())
    upstream.on('data', (chunk: Buffer) => {
      socket.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) socket.end(() => socket.destroy())
    })
  }
}
