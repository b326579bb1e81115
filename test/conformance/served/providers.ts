import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PROVIDER_DENIES } from './ask-served.ts'

/** Two services that are asked about requests: one allows them all, the other none. */
export interface Providers extends AsyncDisposable {
  /** As a MeshConfig names them. */
  extensionProviders(verdicts: Readonly<Record<string, 'allow' | 'deny'>>): readonly object[]
}

export async function openProviders(): Promise<Providers> {
  const servers = { allow: await answering(200), deny: await answering(403) }
  return {
    extensionProviders: (verdicts) =>
      Object.entries(verdicts).map(([name, verdict]) => ({
        name,
        envoyExtAuthzHttp: {
          service: '127.0.0.1',
          port: (servers[verdict].address() as AddressInfo).port,
          timeout: '5s',
          includeRequestHeadersInCheck: ['x-ext-authz'],
        },
      })),
    async [Symbol.asyncDispose]() {
      for (const server of Object.values(servers)) server.close().closeAllConnections()
    },
  }
}

function answering(status: number): Promise<Server> {
  const server = createServer((_request, response) => response.writeHead(status).end(PROVIDER_DENIES))
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
