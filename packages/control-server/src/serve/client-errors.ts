import type { Socket } from 'node:net'
import { ApiError } from './status.ts'

/** What Node's HTTP parser says that it cannot read, by its code. */
const REFUSALS: Readonly<Record<string, readonly [code: number, phrase: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'The request line and headers are larger than 16 KiB: make them (or node, of a stream) smaller.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request has not come in time.'],
}

/** Answers what is no HTTP request, or none that is taken, as a `Status` like every other failure, and ends the connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) {
    const [code, phrase, message] = REFUSALS[error.code ?? ''] ?? notHttp(error)
    const body = JSON.stringify(
      new ApiError(code, message, { reason: code === 408 ? 'Timeout' : 'BadRequest' }).toStatus(),
    )
    socket.write(
      `HTTP/1.1 ${code} ${phrase}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
  socket.destroySoon()
}

/** The phrases stand here, as a module that imports `node:http` by value loads Node's own fetch with it: 3 MB. */
function notHttp({ message }: Error): readonly [number, string, string] {
  return [400, 'Bad Request', `The request is not HTTP: ${message}.`]
}
