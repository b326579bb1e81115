import { encodeGrpcMessage } from '../kernel/grpc-message.ts'
import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import { GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from '../kernel/header-names.ts'
import type { RouteReply } from '../routing/route-table.ts'

const NO_BODY = new Uint8Array()

/** What of a reply's headers is of its body, which a reply to gRPC does not have. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding'])

/**
 * An answer to a gRPC caller: headers alone, with a status of gRPC. Source: gRPC over HTTP/2, "Responses" (Trailers-Only); Envoy
 * `http/utility.cc`, `sendLocalReply`.
 *
 * @param headers names and values in turn, besides those of gRPC
 */
export function grpcReply(grpcStatus: string, message: string, headers: readonly string[] = []): RouteReply {
  const own = ['content-type', 'application/grpc', GRPC_STATUS_HEADER, grpcStatus]
  if (message !== '') own.push(GRPC_MESSAGE_HEADER, encodeGrpcMessage(message))
  return { status: 200, headers: [...own, ...headers], body: NO_BODY }
}

/** The answer of somebody who knows HTTP alone, to a gRPC caller: its text becomes the message. One that is of gRPC is left as it is. */
export function asGrpcReply(reply: RouteReply): RouteReply {
  const { status, headers, body } = reply
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase()
    if (name === GRPC_STATUS_HEADER) return reply
    if (!OF_THE_BODY.has(name)) kept.push(name, headers[at + 1] as string)
  }
  return grpcReply(grpcStatusOfHttp(status), Buffer.from(body).toString(), kept)
}
