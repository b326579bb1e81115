import type { Socket } from 'node:net'

/** First byte of every TLS connection: a record of the handshake. RFC 8446 section 5.1. */
export const TLS_HANDSHAKE = 0x16

/**
 * Tells the first byte of a connection and leaves it unread. One that ends or fails before, or says nothing for the given
 * time, is closed, or told as `undefined` where `silent` is given.
 *
 * @param timeoutMs 0: no limit
 */
export function sniffFirstByte(
  socket: Socket,
  timeoutMs: number,
  decide: (first: number | undefined) => void,
  silence: 'closes' | 'decides' = 'closes',
): void {
  const giveUp = (): void => void socket.destroy()
  const done = (first: number | undefined): void => {
    socket.off('readable', look)
    socket.off('error', giveUp)
    socket.off('end', giveUp)
    socket.off('timeout', outOfTime)
    socket.setTimeout(0)
    decide(first)
  }
  const outOfTime = silence === 'closes' ? giveUp : () => done(undefined)
  const look = (): void => {
    const bytes = socket.read() as Buffer | null
    if (bytes === null) return
    socket.unshift(bytes)
    done(bytes[0])
  }
  socket.on('error', giveUp)
  socket.on('end', giveUp)
  if (timeoutMs > 0) socket.setTimeout(timeoutMs, outOfTime)
  socket.on('readable', look)
}
