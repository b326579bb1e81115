import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { StreamSink } from '../push/stream.ts'

/** A peer that has gone without a word is noticed by TCP after about this time, also while nothing can be written to it. */
const KEEP_ALIVE_MS = 30_000

/**
 * Begins a Server-Sent Events response on a raw response; what has to be written goes to the returned stream. The body ends
 * with the connection instead of being cut into chunks, so that an event is one write of bytes that all streams share.
 */
export function startEventStream(response: ServerResponse): Writable {
  response.socket?.setNoDelay(true)
  response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
  response.removeHeader('transfer-encoding')
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // nginx and its kin would hold events back otherwise.
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  // A write to a peer that has just gone is no news: `close` follows.
  response.on('error', () => undefined)
  // Behind another answer on the same connection the response has no socket yet.
  return response.socket ?? response
}

export function responseSink(response: ServerResponse, body: Writable): StreamSink {
  return {
    write: (chunk) => body.write(chunk),
    end: () => response.end(),
  }
}
