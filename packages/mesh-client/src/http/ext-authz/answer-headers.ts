import { HOP_BY_HOP_HEADERS } from '../../kernel/header-names.ts'

/** Of one connection or of the message itself: whoever sends the answer says them. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP_HEADERS,
  'content-length',
  'date',
  'host',
  'http2-settings',
])

/** One of each means something; Node sends no second one over HTTP/2, and throws. RFC 9110. */
const SINGLE: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'dnt',
  'etag',
  'expires',
  'from',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
])

/**
 * What a provider says to a caller, such that it can be sent over any version of HTTP: without what is of a connection, and the last
 * of what means something but once.
 *
 * @param headers lower-case names and their values
 * @returns names and values in turn
 */
export function answerHeaders(headers: readonly (readonly [name: string, value: string])[]): string[] {
  const last = new Map(headers)
  const told = new Set<string>()
  const sent: string[] = []
  for (const [name, value] of headers) {
    if (NOT_PASSED.has(name)) continue
    if (!SINGLE.has(name)) sent.push(name, value)
    else if (!told.has(name)) sent.push(name, last.get(name) ?? value)
    told.add(name)
  }
  return sent
}
