import { byteSize } from '../kernel/byte-size.ts'
import { BodyFollower, type Chunk, DONE, type Step } from './body-follower.ts'

/**
 * A request body that comes in pieces, kept up to a limit so that it can be sent again. Pieces are taken from the source
 * only when a reader asks, so back-pressure reaches the source; beyond the limit nothing is kept and nothing can be
 * replayed.
 *
 * One reader at a time: opening another ends the one before it, unless the whole body is kept. Followers get what the
 * reader has been given; they never make the source go on, and none of them keeps anything from the reader.
 */
export class ReplayBody {
  readonly #limitBytes: number
  readonly #given: AsyncIterable<Chunk> | Iterable<Chunk>
  #source: AsyncIterator<Chunk> | Iterator<Chunk> | undefined
  #kept: Chunk[] = []
  #keptBytes = 0
  #replayable = true
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #pulling: Promise<Step> | undefined
  #reader: Reader | undefined
  #followers: Set<BodyFollower> | undefined

  constructor(source: AsyncIterable<Chunk> | Iterable<Chunk>, limitBytes: number) {
    this.#limitBytes = limitBytes
    this.#given = source
  }

  /** False once more than the limit has been taken from the source. */
  get replayable(): boolean {
    return this.#replayable && this.#failure === undefined
  }

  /** Whether everything has been taken from the source. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether it can be read by several at once. */
  get whole(): boolean {
    return this.#ended && this.replayable
  }

  /** What the source itself failed with. */
  failedWith(error: unknown): boolean {
    return this.#failure !== undefined && this.#failure.error === error
  }

  /** The body from its start. */
  open(): AsyncIterable<Chunk> {
    this.#reader = new Reader(this)
    return this.#reader
  }

  /** The body from its start, as far as the reader has come; only while it is replayable. */
  follow(): AsyncIterable<Chunk> {
    const follower = new BodyFollower(this.#kept, this.#ended)
    if (!this.#ended) {
      this.#followers ??= new Set()
      this.#followers.add(follower)
    }
    return follower
  }

  /** The reader of now is the last: of a body that goes on nothing is kept for another, unless a follower still needs it. */
  commit(): void {
    if (this.#replayable && !this.#ended && this.#followers === undefined) this.#keepNothing()
  }

  /** No reader will come any more: lets the source go. A follower that has the whole body before it reads on. */
  close(): void {
    this.#endFollowing('broken')
    this.#kept = []
    this.#reader = undefined
    this.#replayable = false
    if (this.#ended) return
    this.#ended = true
    try {
      const returned: unknown = this.#source?.return?.()
      // A source that is waiting for its own input answers late or with an error: nobody listens any more.
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // As above.
    }
  }

  /** The next piece for a reader; only called by readers. */
  next(reader: Reader): Promise<Step> {
    if (reader !== this.#reader && !this.whole)
      return Promise.reject(new Error('another attempt has taken the request body over'))
    const { position } = reader
    if (position < this.#kept.length) {
      const value = this.#kept[position]
      if (this.#replayable) reader.position++
      else this.#kept.shift()
      return Promise.resolve({ done: false, value })
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    if (this.#ended) return Promise.resolve(DONE)
    this.#pulling ??= this.#pull()
    return this.#pulling.then(() => this.next(reader))
  }

  async #pull(): Promise<Step> {
    try {
      this.#source ??= iteratorOf(this.#given)
      const step = (await this.#source.next()) as Step
      if (step.done === true) this.#end()
      else this.#keep(step.value)
      return step
    } catch (error) {
      this.#failure = { error }
      this.#ended = true
      this.#endFollowing('broken')
      return DONE
    } finally {
      this.#pulling = undefined
    }
  }

  #end(): void {
    this.#ended = true
    this.#endFollowing('whole')
  }

  #endFollowing(how: 'whole' | 'too long' | 'broken'): void {
    const followers = this.#followers
    this.#followers = undefined
    if (followers !== undefined) for (const follower of followers) follower.ended(how)
  }

  #keep(chunk: Chunk): void {
    this.#kept.push(chunk)
    if (!this.#replayable) return
    this.#keptBytes += byteSize(chunk)
    if (this.#keptBytes <= this.#limitBytes) {
      if (this.#followers !== undefined) for (const follower of this.#followers) follower.grown()
      return
    }
    this.#endFollowing('too long')
    this.#keepNothing()
  }

  #keepNothing(): void {
    this.#replayable = false
    const reader = this.#reader
    if (reader === undefined) return
    this.#kept.splice(0, reader.position)
    reader.position = 0
  }
}

class Reader implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined> {
  readonly #body: ReplayBody
  /** Index of the next piece among those that are kept. */
  position = 0

  constructor(body: ReplayBody) {
    this.#body = body
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    return this.#body.next(this)
  }

  /** The source stays: a further attempt may need it. */
  return(): Promise<Step> {
    return Promise.resolve(DONE)
  }
}

function iteratorOf(source: AsyncIterable<Chunk> | Iterable<Chunk>): AsyncIterator<Chunk> | Iterator<Chunk> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}
