import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import type { RouteReply } from '../routing/route-table.ts'

const NO_BODY = new Uint8Array()

/**
 * What the mesh itself answers: text, and to a gRPC caller a status without message. Source: Envoy `http/utility.cc`,
 * `sendLocalReply`.
 *
 * @param headers names and values in turn, besides those of the text
 */
export function textReply(status: number, text: string, isGrpc: boolean, headers: readonly string[] = []): RouteReply {
  if (isGrpc) {
    const grpc = ['content-type', 'application/grpc', 'grpc-status', grpcStatusOfHttp(status), 'grpc-message', text]
    return { status: 200, headers: [...grpc, ...headers], body: NO_BODY }
  }
  const body = Buffer.from(text)
  const own = ['content-type', 'text/plain', 'content-length', String(body.length)]
  return { status, headers: [...own, ...headers], body }
}
