import { frameOf } from '../../kernel/grpc-frame.ts'
import { compress, type MessageEncoding } from '../wire/compression.ts'
import type { MessageCallback } from './frame-source.ts'
import type { GrpcStream } from './stream.ts'

interface Outgoing {
  readonly message: Uint8Array
  readonly encoding: MessageEncoding
  readonly sent: MessageCallback | undefined
}

/** Compresses the messages of a call off the thread, and keeps them in order. */
export class Compressor {
  readonly #stream: GrpcStream
  readonly #failed: (error: Error) => void
  #queue: Outgoing[] = []
  #busy = false
  #whenIdle: (() => void)[] = []

  constructor(stream: GrpcStream, failed: (error: Error) => void) {
    this.#stream = stream
    this.#failed = failed
  }

  get busy(): boolean {
    return this.#busy
  }

  /** @param encoding `identity`: only its turn is kept */
  add(message: Uint8Array, encoding: MessageEncoding, sent: MessageCallback | undefined): void {
    this.#queue.push({ message, encoding, sent })
    if (!this.#busy) this.#next()
  }

  /** Calls back once, when all that was added has been given to the stream. */
  whenIdle(then: () => void): void {
    this.#whenIdle.push(then)
  }

  #next(): void {
    const first = this.#queue.shift()
    this.#busy = first !== undefined
    if (first === undefined) {
      const waiting = this.#whenIdle
      this.#whenIdle = []
      for (const then of waiting) then()
    } else if (first.encoding === 'identity') {
      this.#give(first, first.message, false)
    } else {
      compress(first.encoding, first.message, (error, bytes) => {
        if (error !== null) this.#failed(error)
        this.#give(first, error === null ? bytes : first.message, error === null)
      })
    }
  }

  #give({ sent }: Outgoing, bytes: Uint8Array, compressed: boolean): void {
    this.#stream.send(frameOf(bytes, compressed), sent)
    this.#next()
  }
}
