import { DEFAULT_REPLAY_LIMIT_BYTES } from '@weft/mesh-protocol'
import { ReplayBody } from '../../call/body-replay.ts'
import { isFormData } from '../form-data.ts'

interface StreamLike {
  on(event: 'error', listener: (error: Error) => void): unknown
  pipe(...args: never[]): unknown
  destroy?(error?: Error): unknown
  readonly readableDidRead?: boolean
}

/** Told when a stream breaks that nobody reads yet. */
export interface BodyOwner {
  bodyFailed(error: Error): void
}

/**
 * The body of a request as attempts need it. Strings, buffers, Blobs and FormData can be sent any number of times and
 * go to undici as they are; what comes in pieces (streams, iterables, and every body of `fetch`) goes through a replay
 * buffer.
 */
export class RequestBody {
  readonly #given: unknown
  readonly #pieces: ReplayBody | undefined
  #opened = false

  constructor(given: unknown, owner: BodyOwner) {
    this.#given = given
    this.#pieces = isPieces(given) ? new ReplayBody(given, DEFAULT_REPLAY_LIMIT_BYTES) : undefined
    if (isStream(given)) given.on('error', (error) => owner.bodyFailed(error))
  }

  /** For the next attempt. */
  open(): unknown {
    this.#opened = true
    return this.#pieces === undefined ? this.#given : this.#pieces.open()
  }

  /** For a copy of the request beside its attempts; `undefined`: it can be read only once. */
  follow(): unknown {
    if (this.#pieces === undefined && isStream(this.#given)) return undefined
    if (!this.replayable) return undefined
    return this.#pieces === undefined ? this.#given : this.#pieces.follow()
  }

  /** Whether all of it is there, for as many readers at once as there may be. */
  get whole(): boolean {
    return this.#pieces === undefined ? !isStream(this.#given) : this.#pieces.whole
  }

  /** Whether another attempt can have the whole body. */
  get replayable(): boolean {
    if (this.#pieces !== undefined) return this.#pieces.replayable
    // A stream without an iterator is read by undici directly, once.
    return !this.#opened || !isStream(this.#given)
  }

  /** Whether an error comes from the body's source and not from the connection. */
  failedWith(error: unknown): boolean {
    return this.#pieces?.failedWith(error) === true
  }

  /** Whether all of it has been taken from its source. */
  get sent(): boolean {
    return this.#pieces === undefined || this.#pieces.ended
  }

  /** An answer is given on: no other attempt will send it, and what was kept for one is let go. */
  commit(): void {
    this.#pieces?.commit()
  }

  /** No attempt will follow: lets the source go. A stream that nobody has read from would keep its file open. */
  close(): void {
    this.#pieces?.close()
    const given = this.#given
    if (isStream(given) && (!this.#opened || given.readableDidRead === false)) given.destroy?.()
  }
}

function isStream(body: unknown): body is StreamLike {
  return typeof body === 'object' && body !== null && 'pipe' in body && typeof body.pipe === 'function' && 'on' in body
}

function isPieces(body: unknown): body is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof body !== 'object' || body === null) return false
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob || isFormData(body)) return false
  return Symbol.asyncIterator in body || Symbol.iterator in body
}
