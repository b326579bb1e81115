import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'

/** Node's `close()` also cuts connections that are unused at that moment; theirs is the grace of the drain. */
export function closeKeepingIdle(server: Server | Http2Server): void {
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections')
  Object.defineProperty(server, 'closeIdleConnections', { value: () => undefined, configurable: true, writable: true })
  try {
    server.close()
  } finally {
    if (own === undefined) Reflect.deleteProperty(server, 'closeIdleConnections')
    else Object.defineProperty(server, 'closeIdleConnections', own)
  }
}

/** Of the connections that are left none is known: nothing has come over them since the mesh is before the server. */
export function cutUnknown(server: Server | Http2Server): void {
  if ('closeAllConnections' in server) server.closeAllConnections()
}
