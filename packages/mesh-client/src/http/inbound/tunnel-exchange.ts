import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connection } from './connection.ts'
import { ExchangeBase, type ExchangeHost } from './exchange-base.ts'
import type { TunnelEvent } from './interpose.ts'
import { watchTunnelStatus } from './tunnel-status.ts'

/** An upgrade or a CONNECT: from its request to the end of the socket, which is all the application's. */
export class TunnelExchange extends ExchangeBase {
  readonly isTunnel = true
  readonly #event: TunnelEvent
  readonly #socket: Duplex
  readonly #firstBytes: Buffer
  #status = 0

  constructor(
    host: ExchangeHost,
    connection: Connection,
    event: TunnelEvent,
    request: IncomingMessage,
    socket: Duplex,
    firstBytes: Buffer,
  ) {
    super(host, connection, request)
    this.#event = event
    this.#socket = socket
    this.#firstBytes = firstBytes
    watchTunnelStatus(socket, (status) => {
      this.#status = status
    })
  }

  forward(): void {
    this.host.emit(this.#event, this.request, this.#socket, this.#firstBytes)
  }

  answer(): void {
    throw new Error('a tunnel is only answered by the application')
  }

  addToResponse(): void {
    throw new Error('the answer to a tunnel is written by the application')
  }

  abandoned(): void {
    this.end(this.#status, this.#status !== 0, undefined)
  }

  /** Nothing in a tunnel can say it; the application ends it, or the deadline of the drain does. */
  closeAfter(): void {}
}
