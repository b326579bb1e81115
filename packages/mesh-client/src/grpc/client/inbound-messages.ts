import { isCompressed, messageOf } from '../../kernel/grpc-frame.ts'
import { decompress, type UnreadableMessage } from '../wire/compression.ts'
import { throwToProcess } from './throw-to-process.ts'

/** Who is given the messages of a response. */
export interface MessageReceiver {
  message(bytes: Buffer): void
  unreadable(why: UnreadableMessage): void
  /** All that was begun is done. */
  caughtUp(): void
}

/** Takes messages out of frames. What has to be decompressed takes its time, in which nothing else of the call is told. */
export class InboundMessages {
  /** What `grpc-encoding` of the response said. */
  encoding = 'identity'
  readonly #receiver: MessageReceiver
  readonly #maxBytes: number
  /** A message is being decompressed. */
  busy = false

  constructor(receiver: MessageReceiver, maxBytes: number) {
    this.#receiver = receiver
    this.#maxBytes = maxBytes
  }

  add(frame: Buffer): void {
    if (isCompressed(frame)) this.#decompress(frame)
    else this.#receiver.message(messageOf(frame))
  }

  #decompress(frame: Buffer): void {
    this.busy = true
    decompress(this.encoding, messageOf(frame), this.#maxBytes, (result) => {
      this.busy = false
      try {
        if (Buffer.isBuffer(result)) this.#receiver.message(result)
        else this.#receiver.unreadable(result)
      } catch (error) {
        throwToProcess(error)
      }
      this.#receiver.caughtUp()
    })
  }
}
