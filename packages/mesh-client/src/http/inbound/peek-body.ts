import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'

/** The beginning of a body. */
export interface PeekedBody {
  readonly bytes: Buffer
  /** There is no more. */
  readonly isWhole: boolean
}

const NOTHING: PeekedBody = { bytes: Buffer.alloc(0), isWhole: true }

/**
 * Reads the beginning of a request's body and puts it back, so that the application reads it all. What arrives is looked at as it is
 * pushed: a listener of `readable`, or a read that finds nothing, would have the end told before the application is there.
 *
 * @param maxBytes how much is waited for; 0 or more
 */
export function peekBody(request: IncomingMessage, maxBytes: number): Promise<PeekedBody> {
  if (!hasBody(request)) return Promise.resolve(NOTHING)
  // A request of HTTP/2 is only complete when its end has been told.
  return peek(request, () => request.complete, maxBytes)
}

/** {@link peekBody} of a bare stream of HTTP/2. */
export function peekStream(stream: ServerHttp2Stream, maxBytes: number): Promise<PeekedBody> {
  if (stream.endAfterHeaders) return Promise.resolve(NOTHING)
  const { _readableState: state } = stream as unknown as { readonly _readableState?: { readonly ended?: boolean } }
  return peek(stream, () => state?.ended === true, maxBytes)
}

/** @param isComplete whether all of the body has arrived */
function peek(request: Readable, isComplete: () => boolean, maxBytes: number): Promise<PeekedBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const { push } = request
    let held = 0
    let isOver = false
    let isWhole = isComplete()
    const finish = (): void => {
      isOver = true
      Reflect.deleteProperty(request, 'push')
      request.off('close', finish)
      const all = Buffer.concat(chunks)
      if (all.length > 0 && !request.destroyed) request.unshift(all)
      resolve({ bytes: all.subarray(0, maxBytes), isWhole: isWhole && all.length <= maxBytes })
    }
    const look = (): void => {
      while (!isOver && request.readableLength > 0) {
        const chunk = request.read() as Buffer
        chunks.push(chunk)
        held += chunk.length
        if (held > maxBytes) finish()
      }
      if (!isOver && isWhole && request.readableLength === 0) finish()
    }
    request.push = (...args: Parameters<typeof push>): boolean => {
      const wantsMore = push.apply(request, args)
      isWhole = isComplete() || args[0] === null
      look()
      return wantsMore
    }
    request.on('close', finish)
    if (!isWhole && request.readableLength === 0) request.read(0)
    look()
  })
}

/** A request that says nothing of a body has none; looking for its end would take that from the application. */
function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (length !== undefined) return length !== '0'
  if (request.httpVersionMajor < 2) return encoding !== undefined
  return (request as unknown as { stream?: { endAfterHeaders?: boolean } }).stream?.endAfterHeaders !== true
}
