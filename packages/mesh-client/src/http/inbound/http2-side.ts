import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Connection } from './connection.ts'
import type { ExchangeBase, ExchangeHost } from './exchange-base.ts'
import { Http2Exchange } from './http2-exchange.ts'
import { Http2Tunnel } from './http2-tunnel.ts'
import type { RequestEvent, TunnelEvent } from './interpose.ts'
import { StreamExchange } from './stream-exchange.ts'
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
    const connection = carrierOf(request)
    if (connection === undefined) {
      refuse(streamOf(request))
      return
    }
    const exchange = new Http2Exchange(this.#host, connection, event, request, response)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }

  /** What a server takes that has streams instead of requests. */
  stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]): void {
    const connection = stream.session === undefined ? undefined : connectionOf(stream.session)
    if (connection === undefined) {
      refuse(stream)
      return
    }
    const exchange = new StreamExchange(this.#host, connection, { stream, headers, flags, rawHeaders })
    connection.started(exchange)
    this.#admit(connection, exchange)
    exchange.guard()
  }

  /** CONNECT over a stream, which has a request and a response as all others. */
  tunnel(_event: TunnelEvent, ...args: unknown[]): void {
    const [request, response] = args as [IncomingMessage, ServerResponse]
    const connection = carrierOf(request)
    if (connection === undefined) {
      refuse(streamOf(request))
      return
    }
    const exchange = new Http2Tunnel(this.#host, connection, 'request', request, response)
    connection.started(exchange)
    this.#admit(connection, exchange)
  }
}

/**
 * `undefined`: the stream was reset before its request was told, so that nothing leads to its session any more, or the session is
 * older than the mesh before its server.
 */
function carrierOf(request: IncomingMessage): Connection | undefined {
  const session = sessionOf(request)
  return session === undefined ? undefined : connectionOf(session)
}

/** What cannot be judged is not served; of this a client knows that it may ask again, elsewhere. */
function refuse(stream: ServerHttp2Stream | undefined): void {
  stream?.close(constants.NGHTTP2_REFUSED_STREAM)
  stream?.session?.close()
}

function streamOf(request: IncomingMessage): ServerHttp2Stream | undefined {
  return (request as unknown as { readonly stream?: ServerHttp2Stream }).stream
}
