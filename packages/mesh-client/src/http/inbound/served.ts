import type { Server as HttpServer } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Server as NetServer, Socket } from 'node:net'
import type { DrainTarget } from '../../inbound/drain.ts'
import type { ServedPort } from '../../inbound/exchange.ts'

/** A server of requests. */
export type RequestServer = HttpServer | Http2Server

/** A server behind the mesh, whatever it speaks. */
export interface Served extends DrainTarget {
  readonly server: NetServer
  /** Resolves when the server has closed, whoever closed it. */
  readonly closed: Promise<void>
  /** Takes the mesh away from before the listeners. */
  undo(): void
}

/** What is done with a connection that is not looked into. */
export type SocketListener = (socket: Socket) => unknown

/** A port of connections that are not looked into. */
export interface ServedSocketsPort {
  readonly served: ServedPort
  /** The server speaks first: a client that says nothing is not waited for long. */
  readonly serverFirst: boolean
}

/** Puts the mesh before the listeners of a server of connections. */
export type ServeSockets = (server: NetServer, port: ServedSocketsPort) => Served
