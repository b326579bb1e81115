import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Timers } from '../kernel/timers.ts'

/** How a document is to be fetched, and how much of a hostile server is put up with. */
export interface FetchOptions {
  /** From the connection to the last byte. */
  readonly timeoutMs: number
  readonly maxBytes: number
  /** PEM; absent: what the system believes. */
  readonly ca?: string
  /** Sent as bearer token. */
  readonly token?: string
}

export type FetchDocument = (url: string, options: FetchOptions) => Promise<string>

/**
 * One GET. Nothing but a 200 is an answer: a redirect is refused, as whoever may send it could have it lead anywhere, and so is what
 * is too large or takes too long.
 */
export function createFetchDocument(timers: Timers): FetchDocument {
  return async (url, { timeoutMs, ...rest }) => {
    const ending = new AbortController()
    const timer = timers.set(() => ending.abort(new Error(`there is no answer within ${timeoutMs} ms`)), timeoutMs)
    try {
      return await get(url, rest, ending.signal)
    } finally {
      timers.clear(timer)
    }
  }
}

async function get(
  url: string,
  { maxBytes, ca, token }: Omit<FetchOptions, 'timeoutMs'>,
  signal: AbortSignal,
): Promise<string> {
  // Loaded here, as few servers need them and each brings megabytes.
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const headers = { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(
      url,
      { headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) },
      (response) =>
        void readText(response, maxBytes)
          .then(resolve, reject)
          .finally(() => sent.destroy()),
    )
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : error))
    sent.end()
  })
}

async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (response.statusCode !== 200) throw new Error(`the answer is ${response.statusCode}, not 200`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
