import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Remembers the connections of a server; the returned function breaks off those on which nothing has ever come. Clients
 * open such ahead of need, and Node counts them as busy: `close()` would wait for them, `closeIdleConnections()` leaves
 * them.
 */
export function watchUnusedConnections(server: Server): () => void {
  return 'setSecureContext' in server ? watchSecure(server) : watchPlain(server)
}

function watchPlain(server: Server): () => void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}

/**
 * Over TLS the handshake comes first, which is nothing yet. It makes a socket around the first one, known by the same peer.
 */
function watchSecure(server: Server): () => void {
  const unused = new Map<string, Socket>()
  const watch = (socket: Socket): void => {
    const peer = peerOf(socket)
    unused.set(peer, socket)
    socket.once('close', () => {
      if (unused.get(peer) === socket) unused.delete(peer)
    })
  }
  server.on('connection', watch)
  server.on('secureConnection', watch)
  server.on('request', ({ socket }: IncomingMessage) => unused.delete(peerOf(socket)))
  return () => {
    for (const socket of unused.values()) socket.destroy()
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
