import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import type { RouteReply } from '../routing/route-table.ts'
import { grpcReply } from './grpc-reply.ts'

/**
 * What the mesh itself answers: text, and to a gRPC caller a status without message. Source: Envoy `http/utility.cc`,
 * `sendLocalReply`.
 *
 * @param headers names and values in turn, besides those of the text
 */
export function textReply(status: number, text: string, isGrpc: boolean, headers: readonly string[] = []): RouteReply {
  if (isGrpc) return grpcReply(grpcStatusOfHttp(status), text, headers)
  const body = Buffer.from(text)
  const own = ['content-type', 'text/plain', 'content-length', String(body.length)]
  return { status, headers: [...own, ...headers], body }
}
