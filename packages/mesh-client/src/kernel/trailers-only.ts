import { encodeGrpcMessage } from './grpc-message.ts'
import { GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from './header-names.ts'

/** What of a reply's headers is of its body, which an answer that is headers alone does not have. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding'])

/**
 * The headers of an answer of gRPC that is a status and nothing else, lower-case names and values in turn. Its status of HTTP
 * is 200. Source: gRPC over HTTP/2, "Responses" (Trailers-Only); Envoy `http/utility.cc`, `sendLocalReply`.
 *
 * @param headers of the reply that it stands for, names and values in turn; a status and a message of gRPC among them win
 */
export function trailersOnly(status: number | string, message: string, headers: readonly string[] = []): string[] {
  const list = ['content-type', 'application/grpc']
  if (!hasHeader(headers, GRPC_STATUS_HEADER)) list.push(GRPC_STATUS_HEADER, String(status))
  if (message !== '' && !hasHeader(headers, GRPC_MESSAGE_HEADER)) {
    list.push(GRPC_MESSAGE_HEADER, encodeGrpcMessage(message))
  }
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] as string).toLowerCase()
    if (!OF_THE_BODY.has(name)) list.push(name, headers[index + 1] as string)
  }
  return list
}

/** @param name lower case */
export function hasHeader(headers: readonly string[], name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    if ((headers[index] as string).toLowerCase() === name) return true
  }
  return false
}
