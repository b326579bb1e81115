import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { ExtAuthzProvider, InboundPolicy } from '@weft/mesh-protocol'
import { Agent } from 'undici'
import { createAskProvider } from '../../packages/mesh-client/src/http/ext-authz/ask-provider.ts'
import { outsideHttp2 } from '../../packages/mesh-client/src/http/ext-authz/outside-http2.ts'
import type { AskProvider } from '../../packages/mesh-client/src/inbound/ext-authz/provider-answer.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'

/** What a provider was asked. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Provider extends AsyncDisposable {
  readonly port: number
  readonly asked: Asked[]
}

export type Answer = (asked: Asked, response: ServerResponse) => void

export async function provider(answer: Answer, speaks: 'http' | 'http2' = 'http'): Promise<Provider> {
  const asked: Asked[] = []
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: Buffer.concat(chunks) }
    asked.push(one)
    answer(one, response)
  }
  const sessions = new Set<{ destroy(): void }>()
  const server = speaks === 'http' ? createServer(listener) : createHttp2Server(listener as never)
  server.on('session', (session: { destroy(): void }) => sessions.add(session))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
    },
  }
}

const agent = new Agent()
/** Asks providers as a mesh does that knows none of their hosts. */
export const ask: AskProvider = createAskProvider({
  dispatcher: () => agent,
  http2: outsideHttp2(),
  isOfMesh: () => false,
  clock: systemClock,
  timers: systemTimers,
})

/** Everything but `/health` is asked for, and `/denied` is denied whatever is said. */
export function policyOf(port: number, options: Partial<ExtAuthzProvider> = {}): Partial<InboundPolicy> {
  const base = { protocol: 'http', host: '127.0.0.1', timeoutMs: 2_000, failOpen: false, statusOnError: 403 } as const
  return {
    authorization: {
      custom: [{ name: 'ns/custom', rules: [{ not: { urlPath: { exact: '/health' } } }], provider: 'ext' }],
      deny: [{ name: 'ns/deny', rules: [{ urlPath: { exact: '/denied' } }] }],
    },
    extAuthzProviders: { ext: { ...base, port, ...options } },
  }
}

/** Lets everybody in. */
export const allow: Answer = (_asked, response) => response.writeHead(200, { 'x-user': 'alice', 'x-note': 'n' }).end()
