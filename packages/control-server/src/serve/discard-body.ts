import type { IncomingMessage } from 'node:http'

/** Bodies up to this size are taken off the wire although they are refused. */
const MAX_DISCARDED_BYTES: number = 64 * 1024 * 1024

/**
 * Reads what is left of a refused body and throws it away. A client that is still sending reads no answer: were the connection
 * closed on it, it would see a broken pipe and never the reason. False: there is too much of it, or the client has gone.
 */
export function discardBody(message: IncomingMessage): Promise<boolean> {
  if (message.readableEnded) return Promise.resolve(true)
  if (message.destroyed || Number(message.headers['content-length']) > MAX_DISCARDED_BYTES)
    return Promise.resolve(false)
  return new Promise((resolve) => {
    let bytes = 0
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_DISCARDED_BYTES) return
      message.pause()
      resolve(false)
    })
    message.once('end', () => resolve(true))
    message.once('close', () => resolve(false))
  })
}
