import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import type { Emit } from './interpose.ts'
import { sniffHttp2 } from './preface.ts'
import { FIRST_BYTES_TIMEOUT_MS, type ProtocolSwitch, type SwitchedRequests } from './protocol-switch.ts'

/** What a port does with connections that came through the gate. */
export type ConnectionSwitch = Pick<ProtocolSwitch, 'take' | 'takeSecured' | 'close'>

/**
 * Of a port of gRPC, which takes HTTP/2 alone: whatever does not speak it is told so by the server itself. It differs from a
 * {@link ProtocolSwitch} in that nothing has to be told apart.
 */
export class Http2Only implements ConnectionSwitch {
  readonly #emit: Emit
  #connecting: Socket | undefined = undefined

  /** @param emit the listening server's own, past the mesh */
  constructor(server: Http2Server, emit: Emit, opened: SwitchedRequests['opened']) {
    this.#emit = emit
    // Before the server's own listeners, which may look for what is known of a connection.
    server.prependListener('session', (session) => {
      if (this.#connecting !== undefined) opened(session, this.#connecting)
    })
  }

  /** Held to say its first bytes, as one that says nothing would stay for ever. */
  take(socket: Socket): void {
    sniffHttp2(socket, FIRST_BYTES_TIMEOUT_MS, () => this.takeSecured(socket))
  }

  takeSecured(socket: Socket): void {
    socket.allowHalfOpen = false
    this.#connecting = socket
    this.#emit('connection', socket)
    this.#connecting = undefined
  }

  close(): void {}
}
