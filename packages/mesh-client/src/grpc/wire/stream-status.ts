import type { IncomingHttpHeaders } from 'node:http'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { firstValue } from '../../kernel/first-value.ts'
import { httpToGrpcStatus } from '../../kernel/grpc-status.ts'
import { GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'

/** How a stream of gRPC ended. */
export interface StreamStatus {
  readonly code: number
  readonly details: string
  /** Where the status came from, `grpc-status` and `grpc-message` included; absent: nobody has sent one. */
  readonly headers: IncomingHttpHeaders | undefined
  /** Of RST_STREAM, where the stream was reset. */
  readonly rstCode: number | undefined
  /** What the mesh failed with, where it did. */
  readonly error: Error | undefined
}

/** A status that came with no headers. */
export function bareStatus(code: number, details: string, error?: Error, rstCode?: number): StreamStatus {
  return { code, details, headers: undefined, rstCode, error }
}

/** What a response without a `grpc-status` means, as grpc-js tells it. */
export function statusOfHttp(httpStatus: number, headers?: IncomingHttpHeaders): StreamStatus {
  const details = `Received HTTP status code ${httpStatus}`
  return { code: httpToGrpcStatus(httpStatus), details, headers, rstCode: undefined, error: undefined }
}

/** The status that stands in trailers, or in the headers of a response that has nothing else. */
export function statusOfHeaders(headers: IncomingHttpHeaders, httpStatus: number): StreamStatus {
  const status = firstValue(headers[GRPC_STATUS_HEADER])
  if (status === undefined) return statusOfHttp(httpStatus, headers)
  const message = firstValue(headers[GRPC_MESSAGE_HEADER])
  const details = message === undefined ? '' : decoded(message)
  return { code: Number(status), details, headers, rstCode: undefined, error: undefined }
}

/** A response that ended without trailers. */
export function statusOfNothing(httpStatus: number): StreamStatus {
  if (httpStatus !== 200) return statusOfHttp(httpStatus)
  return bareStatus(GRPC_STATUS.INTERNAL, 'Received RST_STREAM with code 0 (Call ended without gRPC status)')
}

function decoded(message: string): string {
  if (!message.includes('%')) return message
  try {
    return decodeURI(message)
  } catch {
    return message
  }
}
