import type { IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Stream, constants } from 'node:http2'

/** `frameError` tells the type of the frame that could not be sent. RFC 9113 section 6.2. */
const HEADERS_FRAME = 1

/** Who is told what comes over a stream. */
export interface StreamReceiver {
  informed(headers: IncomingHttpHeaders): void
  /** @param alone nothing follows the head */
  answered(headers: IncomingHttpHeaders, raw: readonly string[] | undefined, alone: boolean): void
  received(chunk: Buffer): void
  trailersCame(trailers: IncomingHttpHeaders, raw: readonly string[] | undefined): void
  ended(): void
  failed(error: Error): void
  headersNotSent(): void
  timedOut(): void
  closed(): void
}

/*
 * The listeners are shared functions that find their receiver on the stream, so that a request costs no closures.
 */

/** Tells a receiver of everything but the body, and of silence of so many milliseconds; 0: for ever. */
export function listenTo(stream: ClientHttp2Stream, receiver: StreamReceiver, timeoutMs: number): void {
  ;(stream as Carrying)[RECEIVER] = receiver
  stream.on('headers', onHeaders)
  stream.on('response', onResponse)
  stream.on('trailers', onTrailers)
  stream.on('end', onEnd)
  stream.on('error', onError)
  stream.on('frameError', onFrameError)
  stream.on('close', onClose)
  stream.on('timeout', onTimeout)
  stream.setTimeout(timeoutMs)
}

/** Starts the flow of the body. */
export function listenToBody(stream: ClientHttp2Stream): void {
  stream.on('data', onData)
}

const RECEIVER: unique symbol = Symbol('weft.receiver')

interface Carrying extends ClientHttp2Stream {
  [RECEIVER]?: StreamReceiver
}

function onHeaders(this: Carrying, headers: IncomingHttpHeaders): void {
  this[RECEIVER]?.informed(headers)
}

function onResponse(this: Carrying, headers: IncomingHttpHeaders, flags: number, raw?: readonly string[]): void {
  this[RECEIVER]?.answered(headers, raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
}

function onTrailers(this: Carrying, headers: IncomingHttpHeaders, _flags: number, raw?: readonly string[]): void {
  this[RECEIVER]?.trailersCame(headers, raw)
}

function onData(this: Carrying, chunk: Buffer): void {
  this[RECEIVER]?.received(chunk)
}

function onEnd(this: Carrying): void {
  this[RECEIVER]?.ended()
}

function onError(this: Carrying, error: Error): void {
  this[RECEIVER]?.failed(error)
}

function onFrameError(this: Carrying, type: number): void {
  if (type === HEADERS_FRAME) this[RECEIVER]?.headersNotSent()
}

function onTimeout(this: Carrying): void {
  this[RECEIVER]?.timedOut()
}

function onClose(this: Carrying): void {
  this[RECEIVER]?.closed()
}
