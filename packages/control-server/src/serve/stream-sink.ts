import type { ServerResponse } from 'node:http'
import type { StreamSink } from '../push/stream.ts'

/** A peer that has gone without a word is noticed by TCP after about this time, also while nothing can be written to it. */
const KEEP_ALIVE_MS = 30_000

/** Begins a Server-Sent Events response on a raw response. */
export function startEventStream(response: ServerResponse): void {
  response.socket?.setNoDelay(true)
  response.socket?.setKeepAlive(true, KEEP_ALIVE_MS)
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // nginx and its kin would hold events back otherwise.
    'x-accel-buffering': 'no',
  })
  // A write to a peer that has just gone is no news: `close` follows.
  response.on('error', () => undefined)
}

export function responseSink(response: ServerResponse): StreamSink {
  return {
    write: (chunk) => response.write(chunk),
    end: () => response.end(),
  }
}
