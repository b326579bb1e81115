import type { IncomingHttpHeaders } from 'node:http'
import type { StreamStatus } from '../wire/stream-status.ts'

/** What a stream tells, each in its turn; nothing after its status. What a listener throws is thrown to the process. */
export interface StreamListener {
  /** The headers of the response; not told where they are all of it. */
  onHeaders(headers: IncomingHttpHeaders): void
  /** One message with its prefix, for each `GrpcStream.read`. It may share memory with others. */
  onFrame(frame: Buffer): void
  /** The end, never told from within a call of the stream. */
  onStatus(status: StreamStatus): void
  /**
   * The request has failed and may be made again, as nothing of it is lost: true keeps the stream as it is, and
   * `GrpcStream.open` is to be called later. Absent: it is over.
   */
  mayOpenAgain?(status: StreamStatus): boolean
  /** The response has ended well, and the engine has done with it, but there are messages that nobody has read yet. */
  onUnread?(): void
}

/** Where a stream goes and what it says of itself. */
export interface StreamRequest {
  /** `http://greeter:50051` */
  readonly origin: string
  /** `/helloworld.Greeter/SayHello` */
  readonly path: string
  /** Names and values in turn, names lower case; all that is sent but the pseudo headers, `host` for `:authority`. */
  readonly headers: readonly string[]
}
