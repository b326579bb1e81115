import type { IncomingMessage, ServerResponse } from 'node:http'
import type { InboundPolicy } from '@weft/mesh-protocol'
import type { InboundDeps } from '../../packages/mesh-client/src/http/inbound/inbound-deps.ts'
import type { ServeOptions } from '../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { type InboundHarness, inboundHarness, inboundPolicy } from './inbound.ts'
import { rawConnection } from './raw-http.ts'

/** A server of the mesh behind a policy, and what its application saw. */
export interface GuardedServer extends AsyncDisposable {
  readonly harness: InboundHarness
  readonly url: string
  readonly port: number
  readonly seen: IncomingMessage[]
  /** Sends lines as they are, and gives the whole answer. */
  raw(...lines: readonly string[]): Promise<string>
}

export async function guardedServer(
  policy: Partial<InboundPolicy>,
  options: ServeOptions = {},
  deps: Partial<InboundDeps> = {},
): Promise<GuardedServer> {
  const harness = inboundHarness(deps)
  harness.policy.set({ inbound: { ...inboundPolicy([]), ...policy } })
  const seen: IncomingMessage[] = []
  const application = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(request)
    response.end(`served ${request.url}`)
  }
  const { url, port } = await harness.inbound.serve(application, { host: '127.0.0.1', ...options })
  return {
    harness,
    url,
    port,
    seen,
    async raw(...lines) {
      const connection = await rawConnection(port, [...lines, 'Connection: close', '', ''].join('\r\n'))
      await connection.closed
      return connection.text
    },
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  }
}
