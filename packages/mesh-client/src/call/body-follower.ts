/** A piece of a body. */
export type Chunk = unknown
export type Step = IteratorResult<Chunk, undefined>

export const DONE: Step = { done: true, value: undefined }

/** Why a body cannot be followed to its end. */
type Lost = 'too long' | 'broken'

const REASONS: Readonly<Record<Lost, string>> = {
  'too long': 'the request body is longer than what is kept of it',
  broken: 'the request body has ended early',
}

/** The end of a body that could not be followed to its own. */
export class BodyLost extends Error {
  override readonly name: string = 'BodyLost'
  readonly tooLong: boolean

  constructor(lost: Lost) {
    super(REASONS[lost])
    this.tooLong = lost === 'too long'
  }
}

interface Waiting {
  resolve(step: Step): void
  reject(error: Error): void
}

/** Reads what is kept of a body while another takes it from its source. */
export class BodyFollower implements AsyncIterable<Chunk>, AsyncIterator<Chunk, undefined> {
  #chunks: readonly Chunk[]
  #position = 0
  #whole: boolean
  #failure: Error | undefined
  #waiting: Waiting | undefined

  /** @param chunks grows while the body does */
  constructor(chunks: readonly Chunk[], whole: boolean) {
    this.#chunks = chunks
    this.#whole = whole
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#position < this.#chunks.length) return Promise.resolve(this.#take())
    if (this.#whole) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  return(): Promise<Step> {
    this.#chunks = []
    return Promise.resolve(DONE)
  }

  /** Another piece has come. */
  grown(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    waiting.resolve(this.#take())
  }

  /** No piece will come any more. */
  ended(how: 'whole' | Lost): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (how === 'whole') {
      this.#whole = true
      waiting?.resolve(DONE)
      return
    }
    this.#chunks = []
    this.#failure = new BodyLost(how)
    waiting?.reject(this.#failure)
  }

  #take(): Step {
    return { done: false, value: this.#chunks[this.#position++] }
  }
}
