import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeaders, ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2'
import type { VerifiedToken } from '../../inbound/exchange.ts'
import type { Connection } from './connection.ts'
import type { EmitMethod } from './watched.ts'

/*
 * A stream is watched as requests and responses are: by methods of its own, shared by all, that find their exchange on it.
 */

const EXCHANGE = Symbol('weft.exchange')

const { removeAllListeners } = EventEmitter.prototype

/** What a watched stream tells. */
export interface StreamWatcher {
  /** Whether an event is about to reach listeners outside of the context of the exchange. */
  hasLost(emitter: EventEmitter, event: string | symbol): boolean
  /** Runs {@link emitOf} in the context of the exchange. */
  emit(stream: EventEmitter, event: string | symbol, value: unknown, second: unknown, third: unknown): boolean
  /** Bytes of the request are handed to the application. */
  received(chunk: Uint8Array): void
  /** Bytes of the response. */
  sent(chunk: Uint8Array): void
  /** The head of the response, as the application gives it; what is given back is sent. */
  responding(headers: OutgoingHttpHeaders, options?: ServerStreamResponseOptions): OutgoingHttpHeaders
  /** The trailers of the response; what is given back is sent. */
  trailing(headers: OutgoingHttpHeaders): OutgoingHttpHeaders
  /** The body of the response is written to its end, or its trailers are sent. */
  finished(): void
  /** Nothing more comes or goes over the stream; what has come may be unread. */
  reset(): void
  /** The stream is over, whoever ended it. */
  closed(): void
  readonly token: VerifiedToken | undefined
  /** What it came over, also when the stream is gone. */
  readonly over: Connection
  /** What is left of it when the stream is gone: who has called can still be asked. */
  readonly remains: StreamWatcher
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
  watched.setTimeout = setTimeoutOfStream as Watched['setTimeout']
}

// No event of a stream has more than three values; the object `arguments` would be one more for each.
function emitOfStream(this: Watched, event: string | symbol, value: unknown, second: unknown, third: unknown): boolean {
  // Told in the context of whoever does it, and more than half of all events.
  if (event === 'newListener' || event === 'removeListener' || event === 'pause' || event === 'resume')
    return emitOf(this, event, value, second, third)
  const watcher = this[EXCHANGE]
  if (event === 'data') watcher.received(value as Uint8Array)
  else if (event === 'finish') watcher.finished()
  else if (event === 'close') watcher.closed()
  const isHeard = watcher.hasLost(this, event)
    ? watcher.emit(this, event, value, second, third)
    : emitOf(this, event, value, second, third)
  if (event === 'close') letGo(this, watcher)
  return isHeard
}

/**
 * Nothing is told of a stream after its `close`. Yet it stays in memory for long: the map in which Node's session has its streams
 * leaves its former tables behind, each of them leads to the next, and one that has grown old keeps them all until a full
 * collection. What hangs on a stream, the whole call of grpc-js among it, would be moved about with it.
 */
function letGo(stream: Watched, watcher: StreamWatcher): void {
  stream[EXCHANGE] = watcher.remains
  // While somebody listens to removals, Node's own listener among them, each listener would be removed by itself.
  removeAllListeners.call(stream, 'removeListener')
  removeAllListeners.call(stream)
}

/** The stream's own way to tell of an event. */
export function emitOf(
  stream: EventEmitter,
  event: string | symbol,
  value: unknown,
  second: unknown,
  third: unknown,
): boolean {
  const { emit } = inherited(stream)
  if (third !== undefined || second !== undefined) return emit.call(stream, event, value, second, third)
  return value === undefined ? emit.call(stream, event) : emit.call(stream, event, value)
}

function writeToStream(this: Watched, chunk: unknown, encoding: unknown, told: unknown): boolean {
  if (chunk instanceof Uint8Array) this[EXCHANGE].sent(chunk)
  return inherited(this).write.call(this, chunk, encoding, told)
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
  inherited(this).sendTrailers.call(this, watcher.trailing(headers))
  watcher.finished()
}

/** What Node does first of all with each stream that closes, and the only thing of that which can be seen. */
function setTimeoutOfStream(this: Watched, timeoutMs: number, callback?: () => void): unknown {
  inherited(this).setTimeout.call(this, timeoutMs, callback)
  if (this.closed) this[EXCHANGE].reset()
  return this
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

type Inherited = Pick<ServerHttp2Stream, 'respond' | 'sendTrailers' | 'setTimeout'> & {
  readonly emit: EmitMethod
  write(...args: unknown[]): boolean
}

function inherited(stream: object): Inherited {
  return Object.getPrototypeOf(stream)
}
