import type { ClientHttp2Stream } from 'node:http2'
import type { Attempt } from '../outbound/attempt.ts'
import { errors } from '../undici.ts'
import type { SendableBody } from './request-body.ts'

/** Sends a body as fast as the stream takes it. */
export class BodyWriter {
  readonly #stream: ClientHttp2Stream
  readonly #body: Exclude<SendableBody, { kind: 'none' }>
  readonly #attempt: Attempt
  readonly #declared: number | undefined
  readonly #fail: (error: Error) => void
  #awaitsContinue = false
  #over = false
  #wake: (() => void) | undefined

  /** @param declared the length that the head of the request tells */
  constructor(
    stream: ClientHttp2Stream,
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

  /** @param afterContinue wait for `100 Continue`, or for any answer, before the body is sent */
  start(afterContinue: boolean): void {
    if (!afterContinue) {
      this.#send()
      return
    }
    this.#awaitsContinue = true
    this.#stream.once('continue', () => {
      this.#awaitsContinue = false
      if (!this.#over) this.#send()
    })
  }

  /** The final answer has come: a body that waited for leave is not sent. */
  answered(): void {
    if (!this.#awaitsContinue) return
    this.#over = true
    this.#stream.end()
  }

  /** The request is over. */
  stop(): void {
    this.#over = true
    this.#wake?.()
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
        sent += sizeOf(chunk)
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
      if (!this.#over) this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.#over || !this.#stream.writableNeedDrain) resolve()
    })
  }
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk)
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
