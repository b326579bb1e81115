import type { OutgoingHttpHeaders } from 'node:http2'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { GRPC_MESSAGE_HEADER, GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'

/** These may stand several times, and none stands for another. */
const SET_COOKIE = 'set-cookie'
const VARY = 'vary'

/**
 * Headers of a response over others, as `addToResponse` has it: a value takes the place of what was there, that of `vary` is
 * added, and cookies are set besides.
 *
 * @param added names and values in turn; one that comes several times is several
 */
export function mergeHeaders(headers: OutgoingHttpHeaders, added: readonly string[]): OutgoingHttpHeaders {
  const merged = { ...headers }
  const seen = new Set<string>()
  for (let at = 0; at < added.length; at += 2) {
    const name = (added[at] as string).toLowerCase()
    const value = added[at + 1] as string
    if (seen.has(name) || name === SET_COOKIE || name === VARY) merged[name] = withAnother(merged[name], value)
    else merged[name] = value
    seen.add(name)
  }
  return merged
}

function withAnother(before: OutgoingHttpHeaders[string], value: string): string | string[] {
  if (before === undefined) return value
  return Array.isArray(before) ? [...before, value] : [String(before), value]
}

/** What clients of HTTP/2 take of one header; of a longer one many lose the connection, with all other calls on it. */
const MAX_STATUS_LENGTH = 65_536
const TOO_LONG = `the text and the metadata of this status are longer than ${MAX_STATUS_LENGTH} bytes, and left out`
/** What of a status is no metadata: of HTTP, and what kind of message it ends. */
const KEPT: readonly string[] = [':status', 'content-type']

/**
 * The status of a call as it can be sent: the trailers of a response, or all of one without a body. What a caller may have made an
 * application say must not take down the calls beside its own. A status that succeeded is none any more without its metadata.
 */
export function sendableStatus(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  let length = 0
  for (const name in headers) length += lengthOf(headers[name])
  if (length <= MAX_STATUS_LENGTH) return headers
  const kept = KEPT.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))
  const code = Number(headers[GRPC_STATUS_HEADER]) || GRPC_STATUS.RESOURCE_EXHAUSTED
  return { ...Object.fromEntries(kept), [GRPC_STATUS_HEADER]: code, [GRPC_MESSAGE_HEADER]: TOO_LONG }
}

function lengthOf(value: OutgoingHttpHeaders[string]): number {
  if (typeof value === 'string') return value.length
  if (!Array.isArray(value)) return 0
  return value.reduce((sum, each) => sum + each.length, 0)
}
