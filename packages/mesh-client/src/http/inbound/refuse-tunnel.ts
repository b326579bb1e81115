import { Buffer } from 'node:buffer'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long the other end has to take the answer in and go. */
const LEAVE_TIMEOUT_MS = 1_000

const LINE_BREAK = /[\r\n]/

interface Timed {
  setTimeout?(timeoutMs: number, callback: () => void): unknown
}

/** Answers an upgrade or a CONNECT in the words of HTTP/1.1, and closes. */
export function refuseTunnel(
  socket: Duplex,
  reply: { readonly status: number; readonly headers: readonly string[]; readonly body: Uint8Array },
): void {
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`]
  for (let at = 0; at < reply.headers.length; at += 2) {
    const line = `${reply.headers[at]}: ${reply.headers[at + 1]}`
    if (!LINE_BREAK.test(line)) lines.push(line)
  }
  const head = `${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`
  const leave = (): void => void socket.destroy()
  ;(socket as Timed).setTimeout?.(LEAVE_TIMEOUT_MS, leave)
  socket.once('end', leave)
  // What was sent for the tunnel is thrown away, so that the answer is not lost with it.
  socket.resume()
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), reply.body]))
}
