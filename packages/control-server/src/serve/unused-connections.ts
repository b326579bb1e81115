import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Remembers the connections of a server; the returned function breaks off those on which nothing has ever come. Clients
 * open such ahead of need, and Node counts them as busy: `close()` would wait for them, `closeIdleConnections()` leaves
 * them.
 */
export function watchUnusedConnections(server: Server): () => void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
