import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Outbound } from '../../packages/mesh-client/src/http/outbound/outbound.ts'
import type { Http2Answer } from './http2-upstream.ts'

/*
 * Calls of gRPC byte by byte, from both ends: what the mesh makes of them without grpc-js.
 */

export const GRPC_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/grpc', te: 'trailers' }

/** One message with its prefix. */
export function grpcFrame(text: string): Buffer {
  const message = Buffer.from(text)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** The whole messages of a stream of gRPC. */
export function grpcMessages(bytes: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1)
    messages.push(bytes.toString('utf8', at + 5, at + 5 + length))
    at += 5 + length
  }
  return messages
}

/** How a call was answered. */
export interface GrpcAnswer {
  readonly httpStatus: number
  /** `grpc-status` and `grpc-message`, wherever they stood. */
  readonly status: string | undefined
  readonly message: string | undefined
  readonly messages: readonly string[]
  readonly headers: IncomingHttpHeaders
}

export interface GrpcRequest {
  readonly body?: Buffer | string | Readable
  readonly headers?: Readonly<Record<string, string>>
  readonly url?: string
}

/** Makes a call through `mesh.request` and reads its answer to the end. */
export async function grpcCall(outbound: Pick<Outbound, 'request'>, request: GrpcRequest = {}): Promise<GrpcAnswer> {
  const { body = grpcFrame('ask'), headers = {}, url = 'http://reviews/pkg.Reviews/Get' } = request
  const response = await outbound.request(url, { method: 'POST', headers: { ...GRPC_HEADERS, ...headers }, body })
  const bytes = Buffer.from(await response.body.arrayBuffer())
  const trailers = response.trailers as Record<string, string | undefined>
  const told = (name: string): string | undefined => trailers[name] ?? (response.headers[name] as string | undefined)
  return {
    httpStatus: response.statusCode,
    status: told('grpc-status'),
    message: told('grpc-message'),
    messages: grpcMessages(bytes),
    headers: response.headers,
  }
}

/** Answers with these messages and a status in the trailers. */
export function sayGrpc(
  messages: readonly string[],
  status = 0,
  more: Readonly<Record<string, string>> = {},
): Http2Answer {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), ...more }))
    stream.resume()
    stream.end(Buffer.concat(messages.map(grpcFrame)))
  }
}

/** Answers with headers alone. */
export function refuseGrpc(status: number, more: Readonly<Record<string, string>> = {}): Http2Answer {
  return (stream) => {
    const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status), ...more }
    stream.respond(head, { endStream: true })
  }
}

/** Answers the n-th stream as the n-th entry says, and all further ones as the last. */
export function inTurn(...answers: readonly Http2Answer[]): Http2Answer {
  let count = 0
  return (stream: ServerHttp2Stream, headers) => answers[Math.min(count++, answers.length - 1)]?.(stream, headers)
}
