import { GrpcFrameCounter } from './grpc-frame-counter.ts'

/** How many messages went each way. */
export interface CountedMessages {
  readonly request: number
  readonly response: number
}

/** Counts the messages of one call of gRPC, and remembers which of them were told. */
export class MessageTally {
  readonly request: GrpcFrameCounter = new GrpcFrameCounter()
  readonly response: GrpcFrameCounter = new GrpcFrameCounter()
  /** More than one message has passed in one direction: worth telling of while it runs (`MessageMeter`). */
  isStream = false
  #toldRequest = 0
  #toldResponse = 0

  /** Bytes went from the client to the server. Gives true once, when the call turns out to be a stream. */
  fromClient(chunk: Uint8Array): boolean {
    this.request.add(chunk)
    return this.#becameStream(this.request)
  }

  /** As {@link fromClient}, from the server to the client. */
  fromServer(chunk: Uint8Array): boolean {
    this.response.add(chunk)
    return this.#becameStream(this.response)
  }

  /** Messages that nobody was told of; from now on they were. What a further attempt sends once more counts no second time. */
  take(): CountedMessages {
    const request = Math.max(0, this.request.messages - this.#toldRequest)
    const response = Math.max(0, this.response.messages - this.#toldResponse)
    this.#toldRequest += request
    this.#toldResponse += response
    return { request, response }
  }

  #becameStream({ messages }: GrpcFrameCounter): boolean {
    if (messages < 2 || this.isStream) return false
    this.isStream = true
    return true
  }
}
