import { IncomingMessage } from 'node:http'
import { headersCount } from './headers-count.ts'
import { replaceHeader } from './replace-header.ts'
import type { RequestLike } from './request-like.ts'

/** Who a proxy says has called. Envoy; only what this side has proven by itself reaches the application. */
export const FORWARDED_CLIENT_CERT = 'x-forwarded-client-cert'

interface Counted {
  [count: symbol]: number | undefined
}

/** Sets the header to what was proven, or takes it off. */
export type ForwardClientCert = (request: RequestLike, value: string | undefined) => void

/**
 * Without one that has come in, which is nearly always so, the header is put behind the others: no copy is made of those. Node
 * makes `headersDistinct` from `rawHeaders` by a count of its own, which has to be right then.
 */
export function createForwardClientCert(): ForwardClientCert {
  const count = headersCount()
  return (request, value) => {
    const { headers, rawHeaders } = request
    if (value === undefined || headers[FORWARDED_CLIENT_CERT] !== undefined) {
      replaceHeader(request, FORWARDED_CLIENT_CERT, value)
      return
    }
    const isHttp1 = request instanceof IncomingMessage
    const distinct = isHttp1 && count === undefined ? request.headersDistinct : undefined
    headers[FORWARDED_CLIENT_CERT] = value
    rawHeaders.push(FORWARDED_CLIENT_CERT, value)
    if (distinct !== undefined) distinct[FORWARDED_CLIENT_CERT] = [value]
    else if (isHttp1 && count !== undefined) (request as unknown as Counted)[count] = rawHeaders.length
  }
}
