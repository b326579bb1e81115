import type { AddressInfo, Server } from 'node:net'
import { MeshError } from '../../kernel/errors.ts'

/**
 * Resolves with what was bound; rejects with the server's own error, e.g. EADDRINUSE. Without a host all addresses are
 * bound. A server that listens already is taken as it is.
 * @throws MeshError `WEFT_CONFIG` where one listens already, but on another port or on none.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string | undefined; readonly port: number },
): Promise<AddressInfo> {
  const wasListening = server.listening
  if (!wasListening) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(host === undefined ? { port } : { port, host }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }
  const bound = server.address()
  if (bound === null || typeof bound === 'string' || (wasListening && port !== 0 && bound.port !== port)) {
    const where = typeof bound === 'object' ? `port ${bound?.port}` : bound
    throw new MeshError('WEFT_CONFIG', `The server listens on ${where} already, and cannot on port ${port}.`)
  }
  return bound
}
