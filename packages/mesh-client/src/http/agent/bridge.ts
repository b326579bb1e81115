import { AsyncResource } from 'node:async_hooks'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { BridgedResponse } from './bridged-response.ts'
import { BridgedUpgrade } from './bridged-upgrade.ts'
import { endToEndHeaders } from './hop-by-hop.ts'
import { MemorySocket, type MemorySocketDeps } from './memory-socket.ts'

/** Clients of node:http retry by themselves, and two layers that retry multiply. Read and taken away by the mesh. */
const NO_RETRIES: readonly string[] = ['x-envoy-max-retries', '0']

type Body = NonNullable<Dispatcher.DispatchOptions['body']>

/** One request's way through. */
interface Passage {
  readonly origin: string
  /** The side that node:http writes to; what fails is told there. */
  readonly near: Duplex
  /** Of whoever made the request, so that its deadline and its trace follow it. */
  readonly caller: AsyncResource
}

/**
 * Carries what `node:http` writes into a stream to the mesh's dispatcher, so that such a client has the one engine of all
 * other calls: routes, balancing, limits, deadlines, metrics. The far end of the stream is read by an HTTP server that
 * listens nowhere; nothing leaves the process twice.
 */
export class Bridge {
  readonly #dispatcher: Dispatcher
  readonly #server: Server
  readonly #deps: MemorySocketDeps
  readonly #passages = new WeakMap<Duplex, Passage>()

  constructor(dispatcher: Dispatcher, deps: MemorySocketDeps) {
    this.#dispatcher = dispatcher
    this.#deps = deps
    // The client and the mesh have limits of their own; the one on headers stays, and is the client's platform's.
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 })
    this.#server.on('request', (request, response) => this.#carry(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (error, socket) => socket.destroy(error))
  }

  /** A stream for one request; what is written to it goes to `origin`. */
  open(origin: string): Duplex {
    const [near, far] = MemorySocket.pair(this.#deps)
    this.#passages.set(far, { origin, near, caller: new AsyncResource('WeftBridgedRequest') })
    near.once('close', () => far.destroy())
    far.on('error', () => near.destroy())
    this.#server.emit('connection', far)
    return near
  }

  #carry(request: IncomingMessage, response: ServerResponse): void {
    const passage = this.#passageOf(request)
    const handler = new BridgedResponse(response, passage.near)
    response.once('close', () => handler.callerLeft())
    this.#dispatch(passage, request, handler, { body: bodyOf(request) })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const passage = this.#passageOf(request)
    const handler = new BridgedUpgrade(socket, head, passage.near)
    this.#dispatch(passage, request, handler, { upgrade: request.headers.upgrade ?? null })
  }

  #dispatch(
    { origin, near, caller }: Passage,
    request: IncomingMessage,
    handler: Dispatcher.DispatchHandler,
    more: Pick<Dispatcher.DispatchOptions, 'body' | 'upgrade'>,
  ): void {
    caller.runInAsyncScope(() => {
      try {
        const options = {
          ...more,
          origin,
          path: request.url ?? '/',
          method: request.method as Dispatcher.HttpMethod,
          headers: [...endToEndHeaders(request.rawHeaders), ...NO_RETRIES],
        }
        this.#dispatcher.dispatch(options, handler)
      } catch (error) {
        near.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }

  #passageOf(request: IncomingMessage): Passage {
    const passage = this.#passages.get(request.socket)
    if (passage === undefined) throw new Error('a request came over a stream that no agent has opened')
    return passage
  }
}

/**
 * RFC 9112, 6: a request has a body where one of these says so. A call that does not need it, or no more of it, lets it
 * go; the stream that it came over stays, for the answer.
 */
function bodyOf(request: IncomingMessage): Body | null {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  const present = (length !== undefined && length !== '0') || encoding !== undefined
  // undici takes iterables too, which its type leaves out.
  return present ? (request.iterator({ destroyOnReturn: false }) as unknown as Body) : null
}
