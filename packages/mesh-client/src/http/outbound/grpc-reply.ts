import { encodeGrpcMessage } from '../../kernel/grpc-message.ts'
import { GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import { type ResponseHead, responseHead } from './response-headers.ts'

const NO_BODY = Buffer.alloc(0)

/** A response without a body. */
interface HeadersOnly {
  readonly status: 200
  readonly head: ResponseHead
  readonly body: Buffer
}

/** What of a reply's headers is of its body, which a reply to gRPC does not have. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding'])

/**
 * What the mesh answers a gRPC request with: headers alone, with a status of gRPC. Source: gRPC over HTTP/2, "Responses"
 * (Trailers-Only); Envoy `http/utility.cc`, `sendLocalReply`.
 *
 * @param headers names and values in turn, names lower case, besides those of gRPC; one of these that is among them wins
 */
export function grpcReply(status: number, message: string, headers: readonly string[]): HeadersOnly {
  const list = ['content-type', 'application/grpc']
  if (!named(headers, GRPC_STATUS_HEADER)) list.push(GRPC_STATUS_HEADER, String(status))
  if (message !== '' && !named(headers, GRPC_MESSAGE_HEADER)) {
    list.push(GRPC_MESSAGE_HEADER, encodeGrpcMessage(message))
  }
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (!OF_THE_BODY.has(name)) list.push(name, headers[index + 1] as string)
  }
  return { status: 200, head: responseHead(list), body: NO_BODY }
}

function named(headers: readonly string[], name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return true
  return false
}
