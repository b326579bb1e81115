import type { IncomingHttpHeaders } from 'node:http'
import type { Outcome } from '../cluster/types.ts'
import { firstValue } from '../kernel/first-value.ts'
import { GrpcFrameCounter } from '../kernel/grpc-frames.ts'
import { grpcToHttpStatus, httpToGrpcStatus, parseGrpcStatus } from '../kernel/grpc-status.ts'
import { responseOutcome } from './outcome.ts'

/** What an endpoint is taught by a call of gRPC that it has answered. Source: Envoy `router.cc`, `onUpstreamTrailers`. */
export function grpcOutcome(status: number): Outcome {
  return responseOutcome(grpcToHttpStatus(status))
}

/** What is told of a call of gRPC beside what is told of any: how it was answered, and the messages that passed. */
export class GrpcAccount {
  /** As far as the answer has told it. */
  status: number | undefined = undefined
  /** Of the newest attempt. */
  readonly request: GrpcFrameCounter = new GrpcFrameCounter()
  readonly response: GrpcFrameCounter = new GrpcFrameCounter()
  /** More than one message has passed in one direction. */
  isStream = false
  #toldRequest = 0
  #toldResponse = 0

  /**
   * Gives true once, when the call turns out to be a stream.
   * @param chunk a piece of a body in any form that a stream takes
   */
  sent(chunk: unknown): boolean {
    if (typeof chunk === 'string') this.request.add(Buffer.from(chunk))
    else if (chunk instanceof Uint8Array) this.request.add(chunk)
    return this.#becameStream(this.request)
  }

  /** As {@link sent}. */
  received(chunk: Uint8Array): boolean {
    this.response.add(chunk)
    return this.#becameStream(this.response)
  }

  /** Messages that nobody was told of; from now on they were. What a further attempt sends once more counts no second time. */
  take(): { readonly request: number; readonly response: number } {
    const request = Math.max(0, this.request.messages - this.#toldRequest)
    const response = Math.max(0, this.response.messages - this.#toldResponse)
    this.#toldRequest += request
    this.#toldResponse += response
    return { request, response }
  }

  /** The head of the answer that is given on. */
  answered(headers: IncomingHttpHeaders): void {
    this.status = parseGrpcStatus(firstValue(headers['grpc-status']))
  }

  /** The answer has been read to its end; gives what its endpoint is taught. */
  ended(httpStatus: number, trailers: IncomingHttpHeaders): Outcome {
    this.status = parseGrpcStatus(firstValue(trailers['grpc-status'])) ?? this.status ?? httpToGrpcStatus(httpStatus)
    return grpcOutcome(this.status)
  }

  #becameStream({ messages }: GrpcFrameCounter): boolean {
    if (messages < 2 || this.isStream) return false
    this.isStream = true
    return true
  }
}
