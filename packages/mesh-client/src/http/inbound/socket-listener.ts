import { createServer, Server } from 'node:net'
import { MeshError } from '../../kernel/errors.ts'
import type { SocketListener } from './served.ts'

/**
 * The server of connections that will listen.
 * @throws MeshError `WEFT_CONFIG` for anything but a function of a socket or a net.Server that is one of bare connections.
 */
export function socketServerOf(listener: unknown): Server {
  if (typeof listener === 'function') return createServer({ allowHalfOpen: true }, listener as SocketListener)
  if (listener instanceof Server && listener.listenerCount('connection') > 0 && !('setTimeout' in listener)) {
    return listener
  }
  throw new MeshError(
    'WEFT_CONFIG',
    'With protocol "tcp", serve takes a function (socket) or a net.Server, without TLS.',
  )
}
