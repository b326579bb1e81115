import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Remembers the connections of a server; the returned function breaks off those on which nothing has ever come. Clients
 * open such ahead of need, and Node counts them as busy: `close()` would wait for them, `closeIdleConnections()` leaves
 * them.
 */
export function watchUnusedConnections(server: Server): () => void {
  const sockets = new Set<Socket>()
  const watch = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', watch)
  // Over TLS the handshake has come, which is nothing yet.
  const used = new WeakSet<Socket>()
  server.on('secureConnection', watch)
  server.on('request', ({ socket }: IncomingMessage) => {
    if ('encrypted' in socket) used.add(socket)
  })
  return () => {
    for (const socket of sockets) {
      const isUsed = 'encrypted' in socket ? used.has(socket) : socket.bytesRead > 0
      if (!isUsed) socket.destroy()
    }
  }
}
