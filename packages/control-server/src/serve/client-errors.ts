import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError } from './status.ts'

/** What Node's HTTP parser says that it cannot read, by its code. */
const REFUSALS: Readonly<Record<string, readonly [code: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'The request line and headers are larger than 16 KiB: make them (or node, of a stream) smaller.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request has not come in time.'],
}

/** Answers what is no HTTP request, or none that is taken, as a `Status` like every other failure, and ends the connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) {
    const [code, message] = REFUSALS[error.code ?? ''] ?? [400, `The request is not HTTP: ${error.message}.`]
    const body = JSON.stringify(
      new ApiError(code, message, { reason: code === 408 ? 'Timeout' : 'BadRequest' }).toStatus(),
    )
    socket.write(
      `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
  socket.destroySoon()
}
