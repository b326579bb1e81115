import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { isReservedHeader } from '../../inbound/request-head.ts'

interface Counted {
  [count: symbol]: number
}

/** Takes the mesh's own headers off a request, so that the application neither sees nor forwards them. */
export type StripHeaders = (request: IncomingMessage) => void

/**
 * Node makes `headers` and `headersDistinct` from `rawHeaders` when they are first read, by a count of its own that a
 * shortened list would betray. Where that count can be found it is kept right; elsewhere both are made beforehand.
 */
export function createStripHeaders(): StripHeaders {
  const probe = new IncomingMessage(new Socket())
  const count = Object.getOwnPropertySymbols(probe).find(({ description }) => description === 'kHeadersCount')
  return (request) => {
    if (count === undefined) void request.headersDistinct
    const { headers, rawHeaders } = request
    let kept = 0
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string
      if (isReservedHeader(name)) {
        const key = name.toLowerCase()
        delete headers[key]
        if (count === undefined) delete request.headersDistinct[key]
      } else {
        rawHeaders[kept] = name
        rawHeaders[kept + 1] = rawHeaders[index + 1] as string
        kept += 2
      }
    }
    rawHeaders.length = kept
    if (count !== undefined) (request as unknown as Counted)[count] = kept
  }
}
