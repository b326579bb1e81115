import type { IncomingHttpHeaders } from 'node:http'
import type { Metadata } from '@grpc/grpc-js'
import { flagsText } from '../../kernel/errors.ts'
import { ERROR_HEADER, FLAGS_HEADER, GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import type { GrpcJs } from '../grpc-js.ts'
import { accountIn } from '../wire/failure-status.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import type { CallStatus } from './call-types.ts'

/** The metadata of a response, without what only the transport needs. */
export function responseMetadata(grpc: GrpcJs, headers: IncomingHttpHeaders): Metadata {
  const metadata = grpc.Metadata.fromHttp2Headers(headers)
  metadata.remove('grpc-encoding')
  metadata.remove('grpc-accept-encoding')
  return metadata
}

/**
 * The status of a call. What the mesh itself failed with can be read from it: as the `x-weft-error` and
 * `x-weft-response-flags` that its refusals carry, and as the cause of the error that the caller gets.
 */
export function callStatus(grpc: GrpcJs, { code, details, headers, error }: StreamStatus): CallStatus {
  const metadata = headers === undefined ? new grpc.Metadata() : grpc.Metadata.fromHttp2Headers(headers)
  metadata.remove(GRPC_STATUS_HEADER)
  metadata.remove(GRPC_MESSAGE_HEADER)
  if (error === undefined) return { code, details, metadata }
  const account = accountIn(error)
  if (account === undefined) return { code, details, metadata, cause: error }
  metadata.set(ERROR_HEADER, account.code)
  metadata.set(FLAGS_HEADER, flagsText(account.flags))
  return { code, details, metadata, cause: account }
}
