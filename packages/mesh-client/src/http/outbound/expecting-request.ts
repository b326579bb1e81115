import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Timers } from '../../kernel/timers.ts'
import { BodyWriter } from '../http2/body-writer.ts'
import type { Connect } from '../http2/http2-connection.ts'
import { sendableBody } from '../http2/request-body.ts'
import { errors } from '../undici.ts'
import type { Attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'

type Raw = NonNullable<Dispatcher.DispatchController['rawHeaders']>

/**
 * A request over HTTP/1.1 that sends its body when the server has said `100 Continue`, which undici cannot await. It has a
 * connection of its own and is the controller of its attempt.
 */
export class ExpectingRequest implements Dispatcher.DispatchController {
  rawHeaders: Raw | null = null
  rawTrailers: Raw | null = null
  paused = false
  aborted = false
  reason: Error | null = null
  readonly #attempt: Attempt
  readonly #timers: Timers
  readonly #onEnd: () => void
  #request: ClientRequest | undefined = undefined
  #response: IncomingMessage | undefined = undefined
  #writer: BodyWriter | undefined = undefined
  #over = false

  /** @param onEnd called once, when nothing more will happen */
  constructor(attempt: Attempt, timers: Timers, onEnd: () => void) {
    this.#attempt = attempt
    this.#timers = timers
    this.#onEnd = onEnd
  }

  start(exchange: Exchange, connect: Connect): void {
    try {
      this.#send(exchange, connect)
    } catch (error) {
      this.#fail(new errors.InvalidArgumentError(error instanceof Error ? error.message : String(error)))
    }
  }

  abort(reason?: Error): void {
    if (this.#over) return
    this.aborted = true
    this.reason = reason ?? null
    this.#fail(reason ?? new errors.RequestAbortedError())
  }

  pause(): void {
    this.paused = true
    this.#response?.pause()
  }

  resume(): void {
    this.paused = false
    this.#response?.resume()
  }

  #send(exchange: Exchange, connect: Connect): void {
    const body = sendableBody(exchange.body)
    const headers = [...exchange.headers]
    const given = exchange.headers.findIndex((name, index) => index % 2 === 0 && name === 'content-length')
    let length = given < 0 ? undefined : Number(headers[given + 1])
    if (body.kind !== 'none') {
      headers.push('expect', '100-continue')
      if (body.kind === 'pieces' && body.contentType !== undefined) headers.push('content-type', body.contentType)
      const known = body.kind === 'whole' ? body.bytes.byteLength : body.length
      if (length === undefined && known !== undefined) headers.push('content-length', String(known))
      else if (known !== undefined && known !== length) throw new errors.RequestContentLengthMismatchError()
      length ??= known
    }
    const { method, path } = exchange
    const createConnection = (
      _options: unknown,
      callback: (error: Error | null, socket: Duplex) => void,
    ): undefined => {
      connect((error, socket) => {
        if (error === null && socket !== null) this.#attempt.onRequestStart(this)
        callback(error, socket as Duplex)
      })
    }
    const request = httpRequest({ method, path, headers, setHost: false, createConnection } as object)
    this.#request = request
    this.#listen(request)
    if (body.kind === 'none') {
      request.end()
      return
    }
    this.#writer = new BodyWriter(request, body, length, this.#attempt, (error) => this.#fail(error))
    this.#writer.startAfterContinue(this.#timers)
  }

  #listen(request: ClientRequest): void {
    request.on('information', ({ statusCode, headers, statusMessage }) => {
      if (statusCode !== 100) this.#tell(() => this.#attempt.onResponseStart(this, statusCode, headers, statusMessage))
    })
    request.on('response', (response) => this.#answered(response))
    request.on('error', (error) => this.#fail(error))
    request.on('close', () => this.#fail(new errors.SocketError('other side closed')))
  }

  #answered(response: IncomingMessage): void {
    if (this.#over) return
    this.#response = response
    this.#writer?.answered()
    this.rawHeaders = response.rawHeaders
    const { statusCode = 0, statusMessage } = response
    this.#tell(() => {
      this.#attempt.onResponseStarted()
      this.#attempt.onResponseStart(this, statusCode, response.headers, statusMessage)
    })
    if (this.#over) return
    response.on('data', (chunk: Buffer) => this.#tell(() => this.#attempt.onResponseData(this, chunk)))
    response.on('error', (error) => this.#fail(error))
    response.on('end', () => this.#complete(response.trailers as IncomingHttpHeaders, response.rawTrailers))
    if (this.paused) response.pause()
  }

  #complete(trailers: IncomingHttpHeaders, raw: string[]): void {
    if (this.#over) return
    this.rawTrailers = raw
    this.#leave()
    this.#attempt.onResponseEnd(this, trailers)
  }

  /** A handler that throws ends its own request, as with undici. */
  #tell(event: () => void): void {
    if (this.#over) return
    try {
      event()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#leave()
    this.#attempt.onResponseError(this, error)
  }

  /** The connection is not used again. */
  #leave(): void {
    this.#over = true
    this.#writer?.stop()
    this.#request?.destroy()
    this.#onEnd()
  }
}
