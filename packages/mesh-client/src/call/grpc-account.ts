import type { IncomingHttpHeaders } from 'node:http'
import type { Outcome } from '../cluster/types.ts'
import { grpcStatusIn, grpcStatusOf, grpcToHttpStatus } from '../kernel/grpc-status.ts'
import { MessageTally } from '../kernel/message-tally.ts'
import { responseOutcome } from './outcome.ts'

/** What an endpoint is taught by a call of gRPC that it has answered. Source: Envoy `router.cc`, `onUpstreamTrailers`. */
export function grpcOutcome(status: number): Outcome {
  return responseOutcome(grpcToHttpStatus(status))
}

/**
 * What is told of a call of gRPC beside what is told of any: how it was answered, and the messages that passed, those of the
 * client as the newest attempt has sent them.
 */
export class GrpcAccount extends MessageTally {
  /** As far as the answer has told it. */
  status: number | undefined = undefined

  /**
   * As {@link fromClient}.
   * @param chunk a piece of a body in any form that a stream takes
   */
  sent(chunk: unknown): boolean {
    if (typeof chunk === 'string') return this.fromClient(Buffer.from(chunk))
    return chunk instanceof Uint8Array && this.fromClient(chunk)
  }

  /** The head of the answer that is given on. */
  answered(headers: IncomingHttpHeaders): void {
    this.status = grpcStatusIn(headers)
  }

  /** The answer has been read to its end; gives what its endpoint is taught. */
  ended(httpStatus: number, trailers: IncomingHttpHeaders): Outcome {
    this.status = grpcStatusOf(trailers, this.status, httpStatus)
    return grpcOutcome(this.status)
  }
}
