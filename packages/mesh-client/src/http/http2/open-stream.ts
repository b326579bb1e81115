import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import { errors } from '../undici.ts'
import type { SendableBody } from './request-body.ts'

/** Why a session opens no stream, whatever the stream's head is. */
const OF_THE_SESSION: ReadonlySet<string> = new Set([
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_OUT_OF_STREAMS',
])

/**
 * Opens a stream for a request; `undefined`: the session has been told to take no more, and another may carry the request.
 *
 * @throws InvalidArgumentError for a head that no session of Node sends, such as one with two of what there may be one of
 */
export function openStream(
  session: ClientHttp2Session,
  head: OutgoingHttpHeaders,
  body: SendableBody,
): ClientHttp2Stream | undefined {
  if (session.closed || session.destroyed) return undefined
  try {
    return session.request(head, { endStream: body.kind === 'none' })
  } catch (error) {
    // The session has been told to take no more streams, and this one has not been opened.
    if (OF_THE_SESSION.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    const refused = new errors.InvalidArgumentError((error as Error).message)
    refused.cause = error
    throw refused
  }
}
