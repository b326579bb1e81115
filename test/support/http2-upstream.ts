import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Endpoint } from '@weft/mesh-protocol'
import { localEndpoint } from './outbound.ts'

export type Http2Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

/** A server of HTTP/2 without TLS that answers as a test says and remembers what it has seen. */
export interface Http2Upstream extends AsyncDisposable {
  readonly server: Http2Server
  readonly endpoint: Endpoint
  readonly sessions: ReadonlySet<ServerHttp2Session>
  /** Connections accepted so far. */
  readonly connections: number
  readonly seen: IncomingHttpHeaders[]
}

/** By session: not every Node lets a connection be destroyed through its session. */
const sockets = new WeakMap<object, Socket>()

/** Breaks the connection of a stream off, without a word of HTTP/2. */
export function cutConnection({ session }: ServerHttp2Stream): void {
  if (session !== undefined) sockets.get(session)?.destroy()
}

export async function startHttp2Upstream(
  answer: Http2Answer,
  settings: { readonly maxConcurrentStreams?: number } = {},
): Promise<Http2Upstream> {
  const sessions = new Set<ServerHttp2Session>()
  const seen: IncomingHttpHeaders[] = []
  let connections = 0
  let accepted: Socket | undefined
  const server = createServer({ settings })
  server.prependListener('connection', (socket: Socket) => {
    accepted = socket
  })
  server.on('session', (session) => {
    connections++
    if (accepted !== undefined) sockets.set(session, accepted)
    sessions.add(session)
    session.on('error', () => undefined)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    seen.push(headers)
    answer(stream, headers)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    server,
    endpoint: localEndpoint(port),
    sessions,
    get connections() {
      return connections
    },
    seen,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

/** Answers 200 with this text. */
export function sayHttp2(text: string): Http2Answer {
  return (stream) => {
    stream.respond({ ':status': 200 })
    stream.end(text)
  }
}
