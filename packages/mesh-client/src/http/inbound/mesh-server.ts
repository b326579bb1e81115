import type { AddressInfo, Server as NetServer } from 'node:net'
import type { CloseOptions } from '../../inbound/drain.ts'
import type { RequestServer } from './served.ts'

export interface ServeOptions {
  /** Address to bind. Default: all addresses of the host, as `server.listen(port)` does. */
  readonly host?: string | undefined
  /** Port to bind, 0 to 65535; 0 and the default: a free one. */
  readonly port?: number | undefined
  /** What callers dial, 1 to 65535. Default: the mesh's `servicePort`. Each served port needs one of its own. */
  readonly servicePort?: number | undefined
  /**
   * Application protocol of the port, without TLS: `http`, HTTP/1.1, is the default; `http2` answers HTTP/2 and HTTP/1.1,
   * told apart by the first bytes of a connection, and callers of the mesh use HTTP/2. `tcp` gives the listener each
   * connection as it is, which also a protocol needs whose server speaks first.
   */
  readonly protocol?: 'http' | 'http2' | 'tcp' | undefined
  /**
   * With protocol `tcp`: the server speaks first, as those of MySQL or SMTP do. While a port takes both plaintext and mutual TLS
   * (PERMISSIVE), it is told by the first bytes of the client which one it is, so that both ends would wait for each other; with
   * this option a client that has said nothing for 500 ms gets plaintext. Without effect under STRICT and DISABLE. Default false.
   */
  readonly serverFirst?: boolean | undefined
  /**
   * Whether calls of this mesh that are made while a request is served end, with flag DC, when its caller leaves before it
   * has its answer. Default true; what runs in `mesh.detach` goes on either way.
   */
  readonly cancelOnDisconnect?: boolean | undefined
}

/** A server that listens behind the mesh. */
export interface MeshServer<S extends NetServer = RequestServer> {
  /** The server that listens: the application's own where it has one, else an http.Server. */
  readonly server: S
  /** What was bound. */
  readonly port: number
  /** Where this host reaches it, e.g. `http://127.0.0.1:8080`. */
  readonly url: string
  /** False from the moment it is being closed: what a readiness probe should tell. */
  readonly ready: boolean
  /** As `server.address()`; `null` when it no longer listens. */
  address(): AddressInfo | null
  /**
   * Takes it out of service without failing a request: deregisters, goes on until callers know, has clients leave their
   * connections, then stops. Idempotent; never rejects.
   */
  close(options?: CloseOptions): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
