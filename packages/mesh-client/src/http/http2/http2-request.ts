import type { IncomingHttpHeaders } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from 'node:http2'
import type { Dispatcher } from 'undici'
import { GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Exchange } from '../outbound/exchange.ts'
import { errors } from '../undici.ts'
import { addBodyHeaders } from './body-headers.ts'
import { BodyWriter } from './body-writer.ts'
import { openStream } from './open-stream.ts'
import { type SendableBody, sendableBody } from './request-body.ts'
import { http2Head, rawList, tooLongToSend } from './request-head.ts'
import { withResetCode } from './reset-code.ts'
import { listenTo, listenToBody, type StreamReceiver } from './stream-listeners.ts'
import { unprocessed } from './unprocessed.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants

/** As undici's: a backstop below the limits of policy. */
const DEFAULT_TIMEOUT_MS = 300_000

/** How long the reset of a stream is awaited whose answer has ended already. */
const RESET_AFTER_END_MS = 20

type Raw = NonNullable<Dispatcher.DispatchController['rawHeaders']>

/** The connection that carries a request. */
export interface Carrier {
  readonly timers: Timers
  readonly scheme: 'http' | 'https'
  /** The connection itself is gone, and its streams with it. */
  readonly broken: boolean
  /** Why the connection as a whole has failed, where it has; else what the error of a stream means. */
  explain(error: Error | undefined): Error | undefined
  /** Streams above this id were not processed by the server, as its GOAWAY has said. */
  readonly lastStreamId: number
  /** Tells once that the request is off the connection. */
  requestEnded(request: Http2Request): void
  /** Takes no more requests. */
  retire(): void
}

/**
 * One request on one stream of HTTP/2: gives the attempt what undici would give it over HTTP/1.1, and is its controller.
 */
export class Http2Request implements Dispatcher.DispatchController, StreamReceiver {
  rawHeaders: Raw | null = null
  rawTrailers: Raw | null = null
  paused = false
  /** The response is its head alone. */
  headOnly = false
  aborted = false
  reason: Error | null = null
  readonly #carrier: Carrier
  readonly #attempt: Attempt
  readonly #exchange: Exchange
  readonly #body: unknown
  #stream: ClientHttp2Stream | undefined = undefined
  #writer: BodyWriter | undefined = undefined
  #answered = false
  #over = false
  #notSent = false
  /** The answer has ended, and a word on why may follow. */
  #ending: TimerHandle | undefined = undefined
  #trailers: IncomingHttpHeaders = {}
  #error: Error | undefined = undefined

  constructor(carrier: Carrier, attempt: Attempt, exchange: Exchange, body: unknown) {
    this.#carrier = carrier
    this.#body = body
    this.#attempt = attempt
    this.#exchange = exchange
  }

  /**
   * Opens the stream. False: the session takes no more streams, and nothing has been told to anybody; another connection
   * may carry the request.
   */
  start(session: ClientHttp2Session): boolean {
    let head: OutgoingHttpHeaders
    let body: SendableBody
    let stream: ClientHttp2Stream | undefined
    try {
      head = http2Head(this.#exchange, this.#carrier.scheme)
      body = sendableBody(this.#body)
      addBodyHeaders(head, body, this.#exchange)
      stream = openStream(session, head, body)
    } catch (error) {
      this.#fail(error as Error)
      return true
    }
    if (stream === undefined) return false
    this.#stream = stream
    listenTo(stream, this, this.#exchange.headersTimeout ?? this.#silenceMs)
    this.#attempt.onRequestStart(this)
    if (this.#over) return true
    if (body.kind !== 'none') this.#write(stream, body, head['content-length'])
    else this.#attempt.onRequestSent()
    return true
  }

  /** How long the server may be silent where nobody has said; 0: for ever, because a stream of gRPC may have nothing to tell. */
  get #silenceMs(): number {
    return this.#exchange.isGrpc ? 0 : DEFAULT_TIMEOUT_MS
  }

  abort(reason?: Error): void {
    if (this.#over) return
    this.aborted = true
    this.reason = reason ?? null
    this.#fail(reason ?? new errors.RequestAbortedError())
  }

  pause(): void {
    this.paused = true
    if (!this.#answered) return
    this.#stream?.pause()
    // The server cannot send while nobody reads: that is no silence of its own.
    this.#stream?.setTimeout(0)
  }

  resume(): void {
    this.paused = false
    if (!this.#answered || this.#over) return
    this.#stream?.setTimeout(this.#exchange.bodyTimeout ?? this.#silenceMs)
    this.#stream?.resume()
  }

  informed(headers: IncomingHttpHeaders): void {
    if (this.#over) return
    const status = takeStatus(headers)
    this.#guard(() => this.#attempt.onResponseStart(this, status, headers, ''))
  }

  answered(headers: IncomingHttpHeaders, raw: readonly string[] | undefined, alone: boolean): void {
    const stream = this.#stream
    if (this.#over || stream === undefined) return
    this.#answered = true
    this.headOnly = alone
    // The rest of the body will not come.
    if (this.#writer?.answered() === true) stream.end()
    const status = takeStatus(headers)
    this.rawHeaders = rawList(raw)
    stream.setTimeout(this.#exchange.bodyTimeout ?? this.#silenceMs)
    this.#guard(() => {
      this.#attempt.onResponseStarted()
      this.#attempt.onResponseStart(this, status, headers, '')
    })
    if (this.#over) return
    listenToBody(stream)
    if (this.paused) this.pause()
  }

  received(chunk: Buffer): void {
    if (!this.#over) this.#guard(() => this.#attempt.onResponseData(this, chunk))
  }

  trailersCame(trailers: IncomingHttpHeaders, raw: readonly string[] | undefined): void {
    this.#trailers = trailers
    this.rawTrailers = rawList(raw)
  }

  ended(): void {
    if (this.#over) return
    if (!this.#answered) {
      this.#fail(new errors.SocketError('the stream ended without a response'))
      return
    }
    // Node tells an end also of a stream that ends because its connection breaks; `close` says so next.
    if (this.rawTrailers === null && this.#stream?.rstCode !== NGHTTP2_NO_ERROR) return
    if (this.#lacksStatus) this.#ending = this.#carrier.timers.set(() => this.#complete(), RESET_AFTER_END_MS)
    else this.#complete()
  }

  /** An answer to gRPC that has ended without a status: a server of Node says so before it resets a stream, and the reset says why. */
  get #lacksStatus(): boolean {
    if (!this.#exchange.isGrpc || this.rawTrailers !== null || this.#stream?.closed !== false) return false
    return !(this.rawHeaders as readonly string[]).includes(GRPC_STATUS_HEADER)
  }

  #complete(): void {
    this.rawTrailers ??= []
    this.#leave(NGHTTP2_NO_ERROR)
    this.#attempt.onResponseEnd(this, this.#trailers)
  }

  failed(error: Error): void {
    this.#error = error
    // A server of Node whose count of memory is full says so to every further stream of the connection.
    if (this.#stream?.rstCode === NGHTTP2_ENHANCE_YOUR_CALM) this.#carrier.retire()
    if (!this.#over) this.#fail(this.#explain(error))
  }

  headersNotSent(): void {
    this.#notSent = true
  }

  timedOut(): void {
    this.#fail(this.#answered ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError())
  }

  closed(): void {
    if (this.#over) return
    if (this.#ending !== undefined && this.#stream?.rstCode === NGHTTP2_NO_ERROR) this.#complete()
    else this.#fail(this.#explain(this.#error))
  }

  /** A handler that throws ends its own request, as with undici. */
  #guard(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #write(stream: ClientHttp2Stream, body: Exclude<SendableBody, { kind: 'none' }>, length: unknown): void {
    const declared = length === undefined ? undefined : Number(length)
    this.#writer = new BodyWriter(stream, body, declared, this.#attempt, (error) => this.#fail(error))
    if (this.#exchange.expectContinue === true) this.#writer.startAfterContinue(this.#carrier.timers)
    else this.#writer.start()
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#leave(NGHTTP2_CANCEL)
    this.#attempt.onResponseError(this, error)
  }

  /** Takes the request off its connection; a stream that is not at its end is reset. */
  #leave(code: number): void {
    this.#over = true
    const stream = this.#stream
    if (this.#ending !== undefined) this.#carrier.timers.clear(this.#ending)
    this.#writer?.stop()
    if (stream !== undefined && !stream.destroyed) {
      stream.setTimeout(0)
      if (!stream.closed && !(code === NGHTTP2_NO_ERROR && stream.writableEnded)) stream.close(code)
      // Without a reader the end of a stream that is closed already would never come.
      if (code !== NGHTTP2_NO_ERROR) stream.destroy()
    }
    this.#carrier.requestEnded(this)
  }

  /** What the end of the stream means. */
  #explain(error: Error | undefined): Error {
    const stream = this.#stream
    const id = stream?.id
    if (this.#answered) return this.#reset(error)
    if (this.#notSent && tooLongToSend(this.#exchange.headers)) {
      return new errors.InvalidArgumentError('the headers of the request are longer than 64 KiB')
    }
    if (stream?.rstCode === NGHTTP2_REFUSED_STREAM) {
      const refused = unprocessed('the server refused the stream (HTTP/2 REFUSED_STREAM)', error)
      return withResetCode(refused, NGHTTP2_REFUSED_STREAM)
    }
    if (this.#notSent || id === undefined || id > this.#carrier.lastStreamId) {
      return unprocessed('the server went away before it took the request (HTTP/2 GOAWAY)', error)
    }
    const explained = this.#carrier.explain(error)
    return explained === error ? this.#reset(error) : (explained ?? this.#broken())
  }

  /** Node ends the streams of a connection that breaks as if they had been cancelled: that is no word of the server. */
  #reset(error: Error | undefined): Error {
    const code = this.#stream?.rstCode
    if (this.#carrier.broken || code === undefined) return isReset(error) ? this.#broken() : (error ?? this.#broken())
    return withResetCode(error ?? this.#broken(), code)
  }

  #broken(): Error {
    const code = this.#carrier.broken ? NGHTTP2_NO_ERROR : (this.#stream?.rstCode ?? NGHTTP2_NO_ERROR)
    return new errors.SocketError(
      code === NGHTTP2_NO_ERROR ? 'other side closed' : `the server reset the stream (${code})`,
    )
  }
}

function isReset(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && error.code === 'ERR_HTTP2_STREAM_ERROR'
}

function takeStatus(headers: IncomingHttpHeaders): number {
  const status = Number(headers[':status'])
  delete headers[':status']
  return status
}
