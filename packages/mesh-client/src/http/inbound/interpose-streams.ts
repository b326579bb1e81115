import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { type Emit, type Interposition, letBe } from './interpose.ts'

/** Who stands between a server of bare streams of HTTP/2 and its listeners. */
export interface StreamInterposer {
  /** True: the interposer keeps the connection, and hands it to the server by itself. */
  connected(socket: Socket): boolean
  stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]): void
}

/** What `interpose` is to servers of requests. */
export function interposeStreams(server: Http2Server, by: StreamInterposer): Interposition {
  const original = server.emit as Emit
  const emit: Emit = (event, ...args) => {
    if (event === 'connection') return by.connected(args[0] as Socket) || original.call(server, event, ...args)
    if (event !== 'stream') return original.call(server, event, ...args)
    const stream = args[0] as ServerHttp2Stream
    if (!letBe(stream)) by.stream(stream, args[1] as IncomingHttpHeaders, args[2] as number, args[3] as string[])
    return true
  }
  server.emit = emit
  return {
    emit: original.bind(server),
    undo: () => {
      if (server.emit === emit) Reflect.deleteProperty(server, 'emit')
    },
  }
}
