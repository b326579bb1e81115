import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Connection } from './connection.ts'
import type { ExchangeHost } from './exchange-base.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Tunnel } from './http2-tunnel.ts'
import type { RequestEvent, TunnelEvent } from './interpose.ts'

const CONNECTION: unique symbol = Symbol('weft.connection')

interface TrackedSession extends ServerHttp2Session {
  [CONNECTION]?: Connection
}

/** What comes over the HTTP/2 connections of a served port. */
export class Http2Side {
  readonly #host: ExchangeHost

  constructor(host: ExchangeHost) {
    this.#host = host
  }

  opened(session: TrackedSession, connection: Connection): void {
    session[CONNECTION] = connection
    connection.session = session
    session.on('error', () => connection.socket.destroy())
  }

  request(event: RequestEvent, request: IncomingMessage, response: ServerResponse): void {
    const connection = sessionOf(request)?.[CONNECTION]
    if (connection === undefined) {
      this.#host.emit(event, request, response)
      return
    }
    const exchange = new Http2Exchange(this.#host, connection, event, request, response)
    connection.started(exchange)
    this.#host.chain(exchange)
  }

  /** CONNECT over a stream, which has a request and a response as all others. */
  tunnel(event: TunnelEvent, ...args: unknown[]): void {
    const [request, response] = args as [IncomingMessage, ServerResponse]
    const connection = sessionOf(request)?.[CONNECTION]
    if (connection === undefined) {
      this.#host.emit(event, ...args)
      return
    }
    const exchange = new Http2Tunnel(this.#host, connection, 'request', request, response)
    connection.started(exchange)
    this.#host.chain(exchange)
  }
}

function sessionOf(request: IncomingMessage): TrackedSession | undefined {
  return (request as unknown as { stream?: { session?: TrackedSession } }).stream?.session
}
