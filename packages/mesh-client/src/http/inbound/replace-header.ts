import { IncomingMessage } from 'node:http'
import type { RequestLike } from './request-like.ts'

/**
 * What the application sees of a header from now on, in `headers`, `rawHeaders` and `headersDistinct` alike; `undefined`: nothing.
 *
 * @param name lower case
 */
export function replaceHeader(request: RequestLike, name: string, value: string | undefined): void {
  // Made from `rawHeaders` by a count of Node's own when first read, so both are made before that changes.
  const { [name]: _, ...headers } = request.headers
  // A request of HTTP/2 has no such thing.
  const { [name]: __, ...distinct } = (request as { headersDistinct?: Record<string, string[]> }).headersDistinct ?? {}
  const raw = withoutRaw(request.rawHeaders, name)
  if (value !== undefined) {
    headers[name] = value
    distinct[name] = [value]
    raw.push(name, value)
  }
  request.rawHeaders.splice(0, request.rawHeaders.length, ...raw)
  if (request instanceof IncomingMessage) {
    request.headers = headers
    request.headersDistinct = distinct
  } else {
    Object.defineProperty(request, 'headers', { value: headers, configurable: true })
  }
}

function withoutRaw(raw: readonly string[], name: string): string[] {
  const kept: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const header = raw[index] as string
    if (header.toLowerCase() !== name) kept.push(header, raw[index + 1] as string)
  }
  return kept
}
