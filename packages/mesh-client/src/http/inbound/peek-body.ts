import type { IncomingMessage } from 'node:http'

/** The beginning of a body. */
export interface PeekedBody {
  readonly bytes: Buffer
  /** There is no more. */
  readonly isWhole: boolean
}

const NOTHING: PeekedBody = { bytes: Buffer.alloc(0), isWhole: true }

/**
 * Reads the beginning of a request's body and puts it back, so that the application reads it all.
 *
 * @param maxBytes how much is waited for; 0 or more
 */
export function peekBody(request: IncomingMessage, maxBytes: number): Promise<PeekedBody> {
  if (!hasBody(request)) return Promise.resolve(NOTHING)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let held = 0
    const finish = (): void => {
      request.off('readable', look)
      request.off('close', finish)
      const all = Buffer.concat(chunks)
      // Within the turn in which it was read, so that no end is told before.
      if (all.length > 0 && !request.destroyed) request.unshift(all)
      resolve({ bytes: all.subarray(0, maxBytes), isWhole: request.complete && all.length <= maxBytes })
    }
    const look = (): void => {
      // A read that finds nothing would have the end told.
      while (request.readableLength > 0) {
        const chunk = request.read() as Buffer | null
        if (chunk === null) break
        chunks.push(chunk)
        held += chunk.length
      }
      if (request.complete || held > maxBytes) finish()
    }
    request.on('readable', look)
    request.on('close', finish)
  })
}

/** A request that says nothing of a body has none; looking for its end would take that from the application. */
function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (length !== undefined) return length !== '0'
  if (request.httpVersionMajor < 2) return encoding !== undefined
  return (request as unknown as { stream?: { endAfterHeaders?: boolean } }).stream?.endAfterHeaders !== true
}
