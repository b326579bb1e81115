import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { HTTP2_SERVER_OPTIONS } from '../http2-limits.ts'
import { type Emit, type Interposer, interpose } from './interpose.ts'
import { sniffHttp2 } from './preface.ts'

/** How long a connection may be silent before its first bytes; Node's `headersTimeout`. */
export const FIRST_BYTES_TIMEOUT_MS = 60_000

type Requests = Pick<Interposer, 'request' | 'tunnel'>

/** Who takes what comes over the connections. */
export interface SwitchedRequests {
  readonly http1: Requests
  readonly http2: Requests
  /** A connection speaks HTTP/2; told before anything comes over it. */
  opened(session: ServerHttp2Session, socket: Socket): void
}

/**
 * Serves HTTP/1.1 and HTTP/2 on one port without TLS. Connections are told apart by their first bytes; those of the
 * protocol that the listening server does not speak go to a server of that protocol which listens nowhere.
 */
export class ProtocolSwitch {
  readonly #http1: (socket: Socket) => void
  readonly #http2: (socket: Socket) => void
  readonly #stop: () => void
  #connecting: Socket | undefined = undefined

  /** @param emit the listening server's own, past the mesh */
  constructor(server: Server | Http2Server, emit: Emit, to: SwitchedRequests) {
    const own = (socket: Socket): void => void emit('connection', socket)
    const opened = (session: ServerHttp2Session): void => {
      if (this.#connecting !== undefined) to.opened(session, this.#connecting)
    }
    if (isHttp2Server(server)) {
      const other = createHttpServer(() => undefined)
      interpose(other, { ...forwarding(to.http1), connected: () => false })
      // Node holds requests to its limits of time from the moment when a server listens, which this one never does.
      other.emit('listening')
      this.#stop = () => void other.close()
      this.#http1 = (socket) => void other.emit('connection', socket)
      this.#http2 = own
      server.on('session', opened)
    } else {
      const other = createHttp2Server(HTTP2_SERVER_OPTIONS, () => undefined)
      interpose(other, { ...forwarding(to.http2), connected: () => false })
      this.#stop = () => undefined
      this.#http1 = own
      this.#http2 = (socket) => void other.emit('connection', socket)
      other.on('session', opened)
    }
  }

  take(socket: Socket): void {
    sniffHttp2(socket, FIRST_BYTES_TIMEOUT_MS, (isHttp2) => this.#hand(socket, isHttp2))
  }

  /** Over TLS the two ends have said which it is (ALPN); without a word it is HTTP/1.1. */
  takeSecured(socket: TLSSocket): void {
    this.#hand(socket, socket.alpnProtocol === 'h2')
  }

  /** The connections that there are go on, and nobody looks at their time any more. */
  close(): void {
    this.#stop()
  }

  #hand(socket: Socket, isHttp2: boolean): void {
    if (!isHttp2) {
      this.#http1(socket)
      return
    }
    // As node:http2 has it for connections of its own: it never ends one that an http.Server keeps half open.
    socket.allowHalfOpen = false
    this.#connecting = socket
    this.#http2(socket)
    this.#connecting = undefined
  }
}

/** Has a server that is not behind a mesh answer both. Gives back its open connections. */
export function answerBoth(server: Server | Http2Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  const requests: Requests = {
    request: (event, request, response) => void interposition.emit(event, request, response),
    tunnel: (event, request, socket, head) => void interposition.emit(event, request, socket, head),
  }
  const connected = (socket: Socket): boolean => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    both.take(socket)
    return true
  }
  const interposition = interpose(server, { ...requests, connected })
  const opened = (session: ServerHttp2Session, socket: Socket): void => {
    session.on('error', () => socket.destroy())
  }
  const both = new ProtocolSwitch(server, interposition.emit, { http1: requests, http2: requests, opened })
  server.once('close', () => both.close())
  return open
}

export function isHttp2Server(server: object): server is Http2Server {
  return 'updateSettings' in server
}

function forwarding(to: Requests): Requests {
  return {
    request: (event, request, response) => to.request(event, request, response),
    tunnel: (event, request, socket, head) => to.tunnel(event, request, socket, head),
  }
}
