import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { TestLeaf } from './test-ca.ts'

/** A TLS server that shows a certificate and notes who comes. */
export interface TlsAnswerer extends AsyncDisposable {
  readonly url: URL
  /** What each connection sent. */
  readonly heard: string[]
}

/** `chain`: PEM that is shown behind the leaf. */
export async function startTlsAnswerer(leaf: TestLeaf, chain = ''): Promise<TlsAnswerer> {
  const heard: string[] = []
  const sockets = new Set<TLSSocket>()
  const server = createServer({ cert: leaf.certificate + chain, key: leaf.privateKey }, (socket) => {
    const index = heard.push('') - 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      heard[index] += String(data)
    })
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
