import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/**
 * Where Node counts the raw headers of a request, names and values each: what it makes of them when it is first asked goes so
 * far and no further. `undefined` where it cannot be found.
 */
export function headersCount(): symbol | undefined {
  const probe = new IncomingMessage(new Socket())
  return Object.getOwnPropertySymbols(probe).find(({ description }) => description === 'kHeadersCount')
}
