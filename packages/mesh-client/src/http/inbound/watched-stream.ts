import type { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders, ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2'
import type { VerifiedToken } from '../../inbound/exchange.ts'
import type { Connection } from './connection.ts'
import type { EmitArguments, EmitMethod } from './watched.ts'

/*
 * A stream is watched as requests and responses are: by methods of its own, shared by all, that find their exchange on it.
 */

const EXCHANGE = Symbol('weft.exchange')

/** What a watched stream tells. */
export interface StreamWatcher {
  /** Whether an event is about to reach listeners outside of the context of the exchange. */
  hasLost(emitter: EventEmitter, event: string | symbol): boolean
  /** Runs the stream's own `emit` in the context of the exchange. */
  emit(emitter: object, emit: EmitMethod, args: EmitArguments): boolean
  /** Bytes of the request are handed to the application. */
  received(chunk: Uint8Array): void
  /** Bytes of the response. */
  sent(chunk: Uint8Array): void
  /** The head of the response, as the application gives it; what is given back is sent. */
  responding(headers: OutgoingHttpHeaders, options?: ServerStreamResponseOptions): OutgoingHttpHeaders
  /** The trailers of the response. */
  trailing(headers: OutgoingHttpHeaders): void
  /** The body of the response is written to its end, or its trailers are sent. */
  finished(): void
  /** The stream is over, whoever ended it. */
  closed(): void
  readonly token: VerifiedToken | undefined
  /** What it came over, also when the stream is gone. */
  readonly over: Connection
}

interface Watched extends ServerHttp2Stream {
  [EXCHANGE]: StreamWatcher
}

/** Who watches a stream, where somebody does. */
export function watcherOf(stream: object): StreamWatcher | undefined {
  return (stream as Partial<Watched>)[EXCHANGE]
}

export function watchStream(stream: ServerHttp2Stream, watcher: StreamWatcher): void {
  const watched = stream as Watched
  watched[EXCHANGE] = watcher
  watched.emit = emitOfStream as Watched['emit']
  watched.write = writeToStream as Watched['write']
  watched.respond = respondOnStream
  watched.sendTrailers = trailersOfStream
}

function emitOfStream(this: Watched, event: string | symbol, value: unknown): boolean {
  const watcher = this[EXCHANGE]
  if (event === 'data') watcher.received(value as Uint8Array)
  else if (event === 'finish') watcher.finished()
  else if (event === 'close') watcher.closed()
  // biome-ignore lint/complexity/noArguments: a rest parameter is one array more for each event of a call
  if (!watcher.hasLost(this, event)) return inherited(this).emit.apply(this, arguments as unknown as EmitArguments)
  // biome-ignore lint/complexity/noArguments: as above
  return watcher.emit(this, inherited(this).emit, arguments as unknown as EmitArguments)
}

function writeToStream(this: Watched, chunk: unknown): boolean {
  if (chunk instanceof Uint8Array) this[EXCHANGE].sent(chunk)
  // biome-ignore lint/complexity/noArguments: as above
  return inherited(this).write.apply(this, arguments as unknown as [unknown])
}

function respondOnStream(
  this: ServerHttp2Stream,
  headers?: OutgoingHttpHeaders | readonly string[],
  options?: ServerStreamResponseOptions,
): void {
  const given = headers === undefined || Array.isArray(headers) ? byName(headers) : (headers as OutgoingHttpHeaders)
  const sent = (this as Watched)[EXCHANGE].responding(given, options)
  inherited(this).respond.call(this, sent, options)
}

function trailersOfStream(this: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  const watcher = (this as Watched)[EXCHANGE]
  watcher.trailing(headers)
  inherited(this).sendTrailers.call(this, headers)
  watcher.finished()
}

/** Newer versions of Node also take names and values in turn. */
function byName(pairs: readonly string[] = []): OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {}
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at] as string
    headers[name] = [...(headers[name] ?? []), pairs[at + 1] as string]
  }
  return Object.fromEntries(Object.entries(headers).map(([name, all]) => [name, all.length === 1 ? all[0] : all]))
}

type Inherited = Pick<ServerHttp2Stream, 'respond' | 'sendTrailers'> & {
  readonly emit: EmitMethod
  write(...args: unknown[]): boolean
}

function inherited(stream: object): Inherited {
  return Object.getPrototypeOf(stream)
}
