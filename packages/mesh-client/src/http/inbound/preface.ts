import type { Socket } from 'node:net'

/** What every client of HTTP/2 sends first. RFC 9113 section 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Tells HTTP/2 from HTTP/1.1 by the first bytes of a connection and leaves them unread. A connection that ends or fails
 * before it has said either, or says nothing for the given time, is closed.
 */
export function sniffHttp2(socket: Socket, timeoutMs: number, decide: (isHttp2: boolean) => void): void {
  let head: Buffer = Buffer.alloc(0)
  const giveUp = (): void => void socket.destroy()
  const look = (): void => {
    const bytes = socket.read() as Buffer | null
    if (bytes !== null) head = Buffer.concat([head, bytes])
    const length = Math.min(head.length, PREFACE.length)
    const isHttp2 = head.compare(PREFACE, 0, length, 0, length) === 0
    if (isHttp2 && length < PREFACE.length) {
      if (socket.readableEnded || socket.destroyed) giveUp()
      return
    }
    socket.off('readable', look)
    socket.off('error', giveUp)
    socket.off('end', giveUp)
    socket.setTimeout(0)
    socket.off('timeout', giveUp)
    socket.unshift(head)
    decide(isHttp2)
  }
  socket.on('error', giveUp)
  socket.on('end', giveUp)
  socket.setTimeout(timeoutMs, giveUp)
  socket.on('readable', look)
}
