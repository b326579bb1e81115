import type { IncomingMessage } from 'node:http'
import type { Connection } from './connection.ts'

const CONNECTION = Symbol('weft.connection')

interface Tracked {
  [CONNECTION]?: Connection
}

/** Remembers on a socket or a session of HTTP/2 which connection it is. */
export function track(of: object, connection: Connection): void {
  ;(of as Tracked)[CONNECTION] = connection
}

export function connectionOf(of: object): Connection | undefined {
  return (of as Tracked)[CONNECTION]
}

/** The session of HTTP/2 that a request came over. */
export function sessionOf(request: IncomingMessage): object | undefined {
  return (request as unknown as { stream?: { session?: object } }).stream?.session
}
