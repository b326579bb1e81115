import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Connection } from './connection.ts'
import type { ExchangeBase, ExchangeHost } from './exchange-base.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Tunnel } from './http2-tunnel.ts'
import type { RequestEvent, TunnelEvent } from './interpose.ts'
import { connectionOf, sessionOf, track } from './tracked.ts'

/** What comes over the HTTP/2 connections of a served port. */
export class Http2Side {
  readonly #host: ExchangeHost
  readonly #admit: (connection: Connection, exchange: ExchangeBase) => void

  /** @param admit has a request served, if it may be */
  constructor(host: ExchangeHost, admit: (connection: Connection, exchange: ExchangeBase) => void) {
    this.#host = host
    this.#admit = admit
  }

  opened(session: ServerHttp2Session, connection: Connection): void {
    track(session, connection)
    connection.session = session
    session.on('error', () => connection.socket.destroy())
  }

  request(event: RequestEvent, request: IncomingMessage, response: ServerResponse): void {
    const session = sessionOf(request)
    const connection = session === undefined ? undefined : connectionOf(session)
    if (connection === undefined) {
      this.#host.emit(event, request, response)
      return
    }
    const exchange = new Http2Exchange(this.#host, connection, event, request, response)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }

  /** CONNECT over a stream, which has a request and a response as all others. */
  tunnel(event: TunnelEvent, ...args: unknown[]): void {
    const [request, response] = args as [IncomingMessage, ServerResponse]
    const session = sessionOf(request)
    const connection = session === undefined ? undefined : connectionOf(session)
    if (connection === undefined) {
      this.#host.emit(event, ...args)
      return
    }
    const exchange = new Http2Tunnel(this.#host, connection, 'request', request, response)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }
}
