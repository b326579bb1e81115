import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isReservedHeader } from '../../inbound/reserved-headers.ts'
import { headersCount } from './headers-count.ts'
import type { RequestLike } from './request-like.ts'

interface Counted {
  [count: symbol]: number
}

/** Takes the mesh's own headers off a request, so that the application neither sees nor forwards them. */
export type StripHeaders = (request: RequestLike) => void

/**
 * Node makes `headersDistinct` (and `headers`, where it has not asked for `host` itself) from `rawHeaders` when it is first
 * read, by a count of its own that a shortened list would betray. Where that count can be found it is kept right;
 * elsewhere both are made beforehand.
 */
export function createStripHeaders(): StripHeaders {
  const count = headersCount()
  return (request) => {
    if (!(request instanceof IncomingMessage)) {
      stripHttp2(request)
      return
    }
    request.headers = withoutReserved(request.headers)
    if (count === undefined) request.headersDistinct = withoutReserved(request.headersDistinct)
    const kept = shorten(request.rawHeaders)
    if (count !== undefined) (request as unknown as Counted)[count] = kept
  }
}

/** A request of HTTP/2 has its headers behind an accessor, and nothing made from them. */
function stripHttp2(request: { readonly headers: IncomingHttpHeaders; readonly rawHeaders: string[] }): void {
  Object.defineProperty(request, 'headers', { value: withoutReserved(request.headers), configurable: true })
  shorten(request.rawHeaders)
}

/** A copy: an object that a property was deleted from is slow for everybody after. */
function withoutReserved<T>(headers: Record<string, T>): Record<string, T> {
  const kept: Record<string, T> = {}
  for (const name in headers) {
    if (!isReservedHeader(name)) kept[name] = headers[name] as T
  }
  return kept
}

function shorten(raw: string[]): number {
  let kept = 0
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    if (isReservedHeader(name)) continue
    raw[kept] = name
    raw[kept + 1] = raw[index + 1] as string
    kept += 2
  }
  raw.length = kept
  return kept
}
