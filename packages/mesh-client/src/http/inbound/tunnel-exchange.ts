import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ResponseFlag } from '../../kernel/errors.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import type { Connection } from './connection.ts'
import { ExchangeBase, type ExchangeHost } from './exchange-base.ts'
import type { TunnelEvent } from './interpose.ts'
import { type PeekedBody, peekBody } from './peek-body.ts'
import { refuseTunnel } from './refuse-tunnel.ts'
import { watchTunnelStatus } from './tunnel-status.ts'
import { markTunnel } from './watched.ts'

const ignore = (): void => undefined

/** An upgrade or a CONNECT: from its request to the end of the socket, which is all the application's. */
export class TunnelExchange extends ExchangeBase<IncomingMessage> {
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
    // Until the application has it, nobody listens to what its caller breaks off.
    socket.on('error', ignore)
    markTunnel(request, this)
    markTunnel(socket, this)
    watchTunnelStatus(socket, (status) => {
      this.#status = status
    })
  }

  forward(): void {
    this.#socket.off('error', ignore)
    this.host.emit(this.#event, this.request, this.#socket, this.#firstBytes)
  }

  /** As the application would: by what it writes to the socket, which is over with it. */
  answer(reply: RouteReply, flag: ResponseFlag | '-'): void {
    if (flag !== '-') this.flag(flag)
    refuseTunnel(this.#socket, reply)
  }

  peekBody(): Promise<PeekedBody> {
    return peekBody(this.request, 0)
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
