import type { IncomingMessage } from 'node:http'
import type { ServerCallFacts } from '../../kernel/tracing.ts'

const DEFAULT_PORT = 80

/** What a tracer may ask of a request; nothing is worked out before it does. */
export class RequestFacts implements ServerCallFacts {
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get scheme(): string {
    return 'http'
  }

  get host(): string {
    return this.#authority.replace(/:\d*$/, '')
  }

  get port(): number {
    const port = /:(\d{1,5})$/.exec(this.#authority)?.[1]
    return port === undefined ? DEFAULT_PORT : Number(port)
  }

  get path(): string {
    return this.#request.url ?? '/'
  }

  get headers(): Readonly<Record<string, string | string[] | undefined>> {
    return this.#request.headers
  }

  get peerAddress(): string | undefined {
    return this.#request.socket.remoteAddress
  }

  get #authority(): string {
    const { host, ':authority': authority } = this.#request.headers
    return host ?? (typeof authority === 'string' ? authority : '')
  }
}
