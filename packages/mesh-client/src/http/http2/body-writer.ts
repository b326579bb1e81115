import { asError } from '../../kernel/as-error.ts'
import { byteSize } from '../../kernel/byte-size.ts'
import type { TimerHandle, Timers } from '../../kernel/timers.ts'
import type { Attempt } from '../outbound/attempt.ts'
import { errors } from '../undici.ts'
import type { SendableBody } from './request-body.ts'

/** How long leave to send a body is awaited: a server need not know the expectation. RFC 9110 section 10.1.1; curl's. */
const CONTINUE_TIMEOUT_MS = 1_000

/** Where a body goes: a stream of HTTP/2 or a request of node:http. */
export interface BodySink {
  readonly writableNeedDrain: boolean
  write(chunk: unknown): boolean
  end(chunk?: unknown): unknown
  once(event: 'continue', listener: () => void): unknown
  on(event: 'drain', listener: () => void): unknown
}

/** Sends a body as fast as the stream takes it. */
export class BodyWriter {
  readonly #stream: BodySink
  readonly #body: Exclude<SendableBody, { kind: 'none' }>
  readonly #attempt: Attempt
  readonly #declared: number | undefined
  readonly #fail: (error: Error) => void
  #awaitsContinue = false
  #timers: Timers | undefined
  #timer: TimerHandle | undefined
  #over = false
  #wake: (() => void) | undefined

  /** @param declared the length that the head of the request tells */
  constructor(
    stream: BodySink,
    body: Exclude<SendableBody, { kind: 'none' }>,
    declared: number | undefined,
    attempt: Attempt,
    fail: (error: Error) => void,
  ) {
    this.#stream = stream
    this.#body = body
    this.#declared = declared
    this.#attempt = attempt
    this.#fail = fail
  }

  start(): void {
    this.#send()
  }

  /** Sends the body after `100 Continue`, or when the server has been silent for a second. */
  startAfterContinue(timers: Timers): void {
    this.#timers = timers
    const go = (): void => {
      if (!this.#awaitsContinue) return
      this.#stopWaiting()
      if (!this.#over) this.#send()
    }
    this.#awaitsContinue = true
    this.#timer = timers.set(go, CONTINUE_TIMEOUT_MS, { holdsLoop: true })
    this.#stream.once('continue', go)
  }

  /** The final answer has come: a body that waited for leave is not sent. True: it was not. */
  answered(): boolean {
    if (!this.#awaitsContinue) return false
    this.#stopWaiting()
    this.#over = true
    return true
  }

  /** The request is over. */
  stop(): void {
    this.#over = true
    this.#stopWaiting()
    this.#wake?.()
  }

  #stopWaiting(): void {
    this.#awaitsContinue = false
    this.#timers?.clear(this.#timer)
  }

  #send(): void {
    if (this.#body.kind === 'whole') {
      this.#stream.end(this.#body.bytes)
      this.#attempt.onBodySent(this.#body.bytes as Buffer)
      this.#attempt.onRequestSent()
    } else {
      this.#stream.on('drain', () => this.#wake?.())
      void this.#sendPieces(this.#body.source)
    }
  }

  async #sendPieces(source: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    const declared = this.#declared ?? Number.POSITIVE_INFINITY
    let sent = 0
    try {
      for await (const chunk of source) {
        if (this.#over) return
        sent += byteSize(chunk)
        if (sent > declared) throw new errors.RequestContentLengthMismatchError()
        // What is neither text nor bytes the stream refuses, with the code that a socket has for it.
        const taken = this.#stream.write(chunk)
        this.#attempt.onBodySent(chunk as Buffer)
        if (!taken) await this.#drained()
        if (this.#over) return
      }
      if (this.#declared !== undefined && sent !== declared) throw new errors.RequestContentLengthMismatchError()
      this.#stream.end()
      this.#attempt.onRequestSent()
    } catch (error) {
      if (!this.#over) this.#fail(asError(error))
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.#over || !this.#stream.writableNeedDrain) resolve()
    })
  }
}
