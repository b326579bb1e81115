import { type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Exchange } from '../outbound/exchange.ts'
import { errors } from '../undici.ts'

/** Headers of one connection, which HTTP/2 does not have. RFC 9113 section 8.2.2. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** What no path may hold. RFC 9112 section 3.2; undici refuses the same. */
const NOT_IN_A_PATH = /[^\u0021-\u00ff]/

/**
 * The head of a request as HTTP/2 writes it: the authority stands for `host`, and what belongs to a connection of
 * HTTP/1.1 is left out.
 *
 * @param scheme of the connection, which a server may check against what it speaks
 * @throws InvalidArgumentError as undici does for HTTP/1.1, for what no header may be
 */
export function http2Head(exchange: Exchange, scheme: 'http' | 'https'): OutgoingHttpHeaders {
  const { headers, method, path, isGrpc } = exchange
  validateToken(method)
  if (NOT_IN_A_PATH.test(path)) throw new errors.InvalidArgumentError('invalid request path')
  const head: OutgoingHttpHeaders = {
    ':method': method,
    ':path': path,
    ':scheme': scheme,
    ':authority': headers[1],
  }
  for (let index = 2; index < headers.length; index += 2) {
    add(head, headers[index] as string, headers[index + 1] as string)
  }
  // Without it a proxy may drop trailers, and a server of gRPC refuses the call. gRPC over HTTP/2, "Requests".
  if (isGrpc) head.te = 'trailers'
  return head
}

/** What Node lets HTTP/2 send as one head, as nghttp2 reckons it before it compresses: 12 bytes a header and more. */
const MAX_SENT_HEAD_BYTES = 65_536
const HEADER_OVERHEAD_BYTES = 12

/** Whether a head that could not be sent is longer than any connection of ours sends; the server has no part in it. */
export function tooLongToSend(headers: readonly string[]): boolean {
  let bytes = HEADER_OVERHEAD_BYTES
  for (const text of headers) bytes += text.length + HEADER_OVERHEAD_BYTES / 2
  return bytes > MAX_SENT_HEAD_BYTES
}

function add(head: OutgoingHttpHeaders, name: string, given: string): void {
  if (OF_THE_CONNECTION.has(name)) return
  if (name === 'te' && given !== 'trailers') return
  const value = name === 'content-length' && given.includes(',') ? saidOnce(given) : given
  validate(name, value)
  const before = Object.hasOwn(head, name) ? head[name] : undefined
  if (before === undefined) head[name] = value
  else if (name === 'content-length') throw new errors.InvalidArgumentError('duplicate content-length header')
  else if (Array.isArray(before)) before.push(value)
  else head[name] = [String(before), value]
}

/** A length that is repeated counts as said once (RFC 9110 section 8.6): the `fetch` of Node 22 adds its own to its caller's. */
function saidOnce(lengths: string): string {
  const [first = '', ...others] = lengths.split(',').map((length) => length.trim())
  return others.every((other) => other === first) ? first : lengths
}

function validate(name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new errors.InvalidArgumentError(`invalid ${name} header`)
  }
}

function validateToken(method: string): void {
  try {
    validateHeaderName(method)
  } catch {
    throw new errors.InvalidArgumentError('invalid request method')
  }
}

/** Names and values in turn, without the pseudo headers. */
export function rawList(given: readonly string[] | undefined): string[] {
  const list: string[] = []
  for (let index = 0; index < (given?.length ?? 0); index += 2) {
    const name = given?.[index] as string
    if (!name.startsWith(':')) list.push(name, given?.[index + 1] as string)
  }
  return list
}
