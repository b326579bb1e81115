import { constants, type ServerHttp2Stream } from 'node:http2'

/**
 * Has a stream end that its caller has reset without an error before all of its response could be sent. Node waits until what has
 * come of the request is read, which may be never, and keeps the connection for it when the other end has long gone. The first
 * thing that it does with a stream that closes is to stop its timeout, and nothing else of that can be seen.
 */
export function letGoOfReset(stream: ServerHttp2Stream): void {
  stream.setTimeout = stopTimeout as ServerHttp2Stream['setTimeout']
}

function stopTimeout(this: ServerHttp2Stream, timeoutMs: number, callback?: () => void): unknown {
  const { setTimeout: inherited }: Pick<ServerHttp2Stream, 'setTimeout'> = Object.getPrototypeOf(this)
  inherited.call(this, timeoutMs, callback)
  const wasReset = this.closed && this.rstCode === constants.NGHTTP2_NO_ERROR && this.writableLength > 0
  if (wasReset && this.readable) this.destroy()
  return this
}
