/** Called when a message has been handed to the connection, or never will be. */
export type MessageCallback = () => void

type Step = IteratorResult<Buffer, undefined>

interface Queued {
  readonly frame: Buffer
  readonly sent: MessageCallback | undefined
}

const DONE: Step = { done: true, value: undefined }

/**
 * The frames of a request that goes on while it is sent, as the body of an HTTP request: a frame is taken when the
 * connection has room for it, and its sender hears of it when the next is asked for.
 */
export class FrameSource implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  #queue: Queued[] = []
  #ended = false
  #taken = false
  /** Of the frame that is being written. */
  #sent: MessageCallback | undefined = undefined
  #waiting: ((step: Step) => void) | undefined = undefined

  /** Nothing of it has been taken. */
  get untouched(): boolean {
    return !this.#taken
  }

  push(frame: Buffer, sent: MessageCallback | undefined): void {
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#queue.push({ frame, sent })
      return
    }
    this.#waiting = undefined
    waiting(this.#take(frame, sent))
  }

  end(): void {
    this.#ended = true
    this.#waiting?.(DONE)
    this.#waiting = undefined
  }

  /** All of it, as one piece that is sent as soon as may be. It may be taken again. */
  whole(): Buffer {
    const frames = this.#queue.map(({ frame }) => frame)
    for (const { sent } of this.#queue) if (sent !== undefined) process.nextTick(sent)
    this.#queue = frames.map((frame) => ({ frame, sent: undefined }))
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames)
  }

  /** Nobody takes any more: those who wait for their frames to be sent are let go on. */
  abandon(): void {
    const queue = this.#queue
    this.#queue = []
    this.end()
    this.#told()
    for (const { sent } of queue) if (sent !== undefined) process.nextTick(sent)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    this.#told()
    const first = this.#queue.shift()
    if (first !== undefined) return Promise.resolve(this.#take(first.frame, first.sent))
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  return(): Promise<Step> {
    return Promise.resolve(DONE)
  }

  #take(frame: Buffer, sent: MessageCallback | undefined): Step {
    this.#taken = true
    this.#sent = sent
    return { done: false, value: frame }
  }

  #told(): void {
    const sent = this.#sent
    this.#sent = undefined
    if (sent !== undefined) process.nextTick(sent)
  }
}
