import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The events by which a server hands a request to its application. */
export type RequestEvent = 'request' | 'checkContinue' | 'checkExpectation'
export type TunnelEvent = 'upgrade' | 'connect'

/** Who stands between a server and its listeners. */
export interface Interposer {
  /** True: the interposer keeps the connection, and hands it to a server by itself. */
  connected(socket: Socket): boolean
  /** `forward` gives the request to the listeners as if nobody stood there. */
  request(event: RequestEvent, request: IncomingMessage, response: ServerResponse): void
  tunnel(event: TunnelEvent, request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export type Emit = (event: string | symbol, ...args: unknown[]) => boolean

/** The way behind the interposer, and the way back. */
export interface Interposition {
  /** The server's own `emit`: gives an event to the listeners. */
  readonly emit: Emit
  undo(): void
}

/**
 * Stands before a server's listeners by an `emit` of its own. The server itself goes on listening, parsing and timing
 * out: a second server that is fed connections has no headers timeout and cannot close.
 */
export function interpose(server: EventEmitter, by: Interposer): Interposition {
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const original = server.emit as Emit
  const emit: Emit = (event, ...args) => {
    switch (event) {
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        by.request(event, args[0] as IncomingMessage, args[1] as ServerResponse)
        return true
      case 'upgrade':
      case 'connect':
        by.tunnel(event, args[0] as IncomingMessage, args[1] as Duplex, args[2] as Buffer)
        return true
      case 'connection':
        if (by.connected(args[0] as Socket)) return true
        return original.call(server, event, ...args)
      case 'stream':
        if (letBe(args[0] as Http2Stream)) return true
        return original.call(server, event, ...args)
      default:
        return original.call(server, event, ...args)
    }
  }
  server.emit = emit
  return {
    emit: original.bind(server),
    undo: () => {
      if (server.emit !== emit) return
      if (own === undefined) Reflect.deleteProperty(server, 'emit')
      else Object.defineProperty(server, 'emit', own)
    },
  }
}

/**
 * Node tells of a stream in a later tick. What has come together with its reset, in the bytes that have told the protocol of a
 * connection, is told of when it is over, and Node throws where it would answer `Expect: 100-continue`.
 */
export function letBe(stream: Http2Stream): boolean {
  const isOver = stream.closed || stream.destroyed
  // Nobody else listens to why.
  if (isOver) stream.on('error', () => undefined)
  return isOver
}
