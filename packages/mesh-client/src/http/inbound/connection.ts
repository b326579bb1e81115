import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { InboundConnection } from '../../inbound/exchange.ts'
import { type OwnProbes, plainAddress } from '../../inbound/own-probes.ts'
import { decodePeer } from '../../kernel/peer-header.ts'
import type { Peer } from '../../kernel/recorder.ts'
import { namedBy, type Secured } from './secured.ts'

const NODE_GAVE_UP = /^(?:HPE_|ERR_HTTP_REQUEST_TIMEOUT)/

/** What a connection has to know of a request that it carries. */
export interface CarriedExchange {
  readonly ended: boolean
  /** The one before it on the same connection while that one is still unanswered: pipelining. */
  previous: CarriedExchange | undefined
  /** The connection is gone. */
  abandoned(): void
  /** Has the response say `Connection: close`, or no longer say it, where it is not on its way yet. */
  closeAfter(close: boolean): void
}

/**
 * One TCP connection of a served port.
 *
 * Bytes of a request and its response are told by what the socket has moved since the last response on the connection
 * ended, which counts what went over the wire and costs two reads of a counter. Where a client pipelines, a request that
 * came together with the one before it is counted for that one; the sum is right.
 */
export class Connection {
  /** That of TLS from the end of the handshake on. */
  socket: Socket
  /** Absent: plaintext, or it is not known yet. */
  secured: Secured | undefined = undefined
  /** Known to be without TLS. */
  isPlain = false
  /** From then on, on the mesh's clock, each answer is to be the last of the connection. */
  leaveAt: number = Number.POSITIVE_INFINITY
  /** What it is, policy takes no more: another request over it is not served. */
  barred = false
  /** There while it speaks HTTP/2, which carries many requests at once. */
  session: ServerHttp2Session | undefined = undefined
  /** Since when no request is on it, on the mesh's clock. */
  idleSince: number
  #wasCut = false
  #active = 0
  #latest: CarriedExchange | undefined
  #read = 0
  #written = 0
  #peerText: string | undefined
  #peer: Peer | undefined
  #facts: InboundConnection | undefined
  readonly #ownProbes: OwnProbes | undefined

  constructor(socket: Socket, now: number, ownProbes?: OwnProbes) {
    this.socket = socket
    this.idleSince = now
    this.#ownProbes = ownProbes
  }

  /** Its handshake is over: from now on it is that of TLS. Bytes are those within. */
  secure(socket: Socket, secured: Secured): void {
    this.socket = socket
    this.secured = secured
    this.leaveAt = secured.endsAt
    this.#facts = undefined
    this.#read = socket.bytesRead
    this.#written = socket.bytesWritten
  }

  /** What is known of who is at its other end; the same object for all its requests. */
  get facts(): InboundConnection {
    this.#facts ??= factsOf(this.socket, this.secured, this.#ownProbes?.has(this.socket) === true)
    return this.#facts
  }

  /** Neither is a request on it, nor has any part of one come. */
  get isIdle(): boolean {
    return this.#active === 0 && (this.session !== undefined || this.socket.bytesRead === this.#read)
  }

  started(exchange: CarriedExchange): void {
    this.#active++
    if (this.session !== undefined) return
    if (this.#active > 1) exchange.previous = this.#latest
    this.#latest = exchange
  }

  ended(exchange: CarriedExchange, now: number): void {
    this.#active--
    exchange.previous = undefined
    if (this.#latest === exchange) this.#latest = undefined
    if (this.#active === 0) this.idleSince = now
  }

  /** From now on the last request that it carries is its last: one before it would take those behind it down. */
  closeAfterLatest(): void {
    const { session } = this
    if (session !== undefined) {
      // Node's own GOAWAY names the last stream that was taken, so that a client knows which of those on their way to send
      // elsewhere. One that names no stream would lose them: nghttp2 takes none after it, and says nothing.
      if (!session.closed && !session.destroyed) session.close()
      return
    }
    const latest = this.#latest
    latest?.previous?.closeAfter(false)
    latest?.closeAfter(true)
  }

  /** Policy takes its sort no more: what is on it may end, and nothing follows. */
  bar(): void {
    this.barred = true
    this.leaveAt = Number.NEGATIVE_INFINITY
    if (this.isIdle) {
      this.end()
      return
    }
    this.closeAfterLatest()
  }

  /** Makes room for a connection with certificates of now: its next answer is its last. */
  retire(): void {
    this.leaveAt = Number.NEGATIVE_INFINITY
    this.closeAfterLatest()
  }

  /** Ends it while nothing is on it. */
  end(): void {
    if (this.session === undefined || this.session.destroyed) this.socket.destroy()
    else this.session.close()
  }

  /** Destroys it, because a drain ran out of time. */
  cut(): void {
    this.#wasCut = true
    // A session of HTTP/2 does not close its socket by itself, and would first end each stream without an error, INTERNAL to gRPC.
    this.socket.destroy()
    this.session?.destroy()
  }

  /** The socket has closed: ends what waited behind an unanswered request, which Node 22 tells nobody. */
  closed(): void {
    for (let exchange = this.#latest; exchange !== undefined; ) {
      const { previous } = exchange
      exchange.abandoned()
      exchange = previous
    }
  }

  takeRead(): number {
    const total = this.socket.bytesRead
    const taken = total - this.#read
    this.#read = total
    return taken
  }

  takeWritten(): number {
    const total = this.socket.bytesWritten
    const taken = total - this.#written
    this.#written = total
    return taken
  }

  /** The decoded `x-weft-peer`. A connection nearly always belongs to one process, so the last one is kept. */
  peerOf(text: string): Peer | undefined {
    if (text !== this.#peerText) {
      this.#peerText = text
      const said = decodePeer(text)
      this.#peer = this.secured === undefined ? said : namedBy(said, this.secured)
    }
    return this.#peer
  }

  /**
   * Whether the application destroyed the socket before the response was complete. Otherwise the client did: it sent its
   * FIN, the system tells an error, or Node gave up on what came (a parse error, a request timeout).
   */
  get closedByApplication(): boolean {
    if (this.#wasCut || this.socket.readableEnded) return false
    const error: (Error & { code?: string; syscall?: string }) | null = this.socket.errored
    return error === null || (error.syscall === undefined && !NODE_GAVE_UP.test(error.code ?? ''))
  }
}

function factsOf(socket: Socket, secured: Secured | undefined, isOwnProbe: boolean): InboundConnection {
  return {
    remoteAddress: plainAddress(socket.remoteAddress),
    localAddress: plainAddress(socket.localAddress),
    sni: secured?.sni,
    peerUri: secured?.peer.uri,
    isOwnProbe,
  }
}
