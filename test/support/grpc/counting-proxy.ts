import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Forwards connections as they are, and counts them. */
export interface CountingProxy extends AsyncDisposable {
  readonly port: number
  /** How many have been opened so far. */
  readonly opened: number
}

export async function countingProxy(to: number): Promise<CountingProxy> {
  const sockets = new Set<Socket>()
  let opened = 0
  const keep = (socket: Socket): Socket =>
    socket.on('error', () => undefined).once('close', () => void sockets.delete(socket))
  const server = createServer((socket) => {
    opened++
    const upstream = connect(to, '127.0.0.1')
    for (const each of [socket, upstream]) sockets.add(keep(each))
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get opened() {
      return opened
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
