import type { InboundConnection } from '../../inbound/exchange.ts'
import type { ServerCallFacts } from '../../kernel/tracing.ts'
import type { RequestLike } from './request-like.ts'

const DEFAULT_PORT = 80

/** Over what a request came. */
interface Carrier {
  readonly facts: Pick<InboundConnection, 'remoteAddress'>
}

/** What a tracer may ask of a request; nothing is worked out before it does. */
export class RequestFacts implements ServerCallFacts {
  readonly #request: RequestLike
  readonly #isGrpc: boolean
  readonly #connection: Carrier

  constructor(request: RequestLike, isGrpc: boolean, connection: Carrier) {
    this.#request = request
    this.#isGrpc = isGrpc
    this.#connection = connection
  }

  get isGrpc(): boolean {
    return this.#isGrpc
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
    const { remoteAddress } = this.#connection.facts
    return remoteAddress === '' ? undefined : remoteAddress
  }

  get #authority(): string {
    const { host, ':authority': authority } = this.#request.headers
    return host ?? (typeof authority === 'string' ? authority : '')
  }
}
