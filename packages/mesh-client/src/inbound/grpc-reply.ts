import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import { GRPC_STATUS_HEADER } from '../kernel/header-names.ts'
import { hasHeader, trailersOnly } from '../kernel/trailers-only.ts'
import type { RouteReply } from '../routing/route-table.ts'

const NO_BODY = new Uint8Array()

/**
 * An answer to a gRPC caller: a status and nothing else.
 *
 * @param headers names and values in turn, besides those of gRPC
 */
export function grpcReply(grpcStatus: string, message: string, headers: readonly string[] = []): RouteReply {
  return { status: 200, headers: trailersOnly(grpcStatus, message, headers), body: NO_BODY }
}

/** The answer of somebody who knows HTTP alone, to a gRPC caller: its text becomes the message. One that is of gRPC is left as it is. */
export function asGrpcReply(reply: RouteReply): RouteReply {
  const { status, headers, body } = reply
  if (hasHeader(headers, GRPC_STATUS_HEADER)) return reply
  return grpcReply(grpcStatusOfHttp(status), Buffer.from(body).toString(), headers)
}
