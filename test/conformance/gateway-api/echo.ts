import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EchoedCall } from '../../support/grpc/echo.ts'
import type { RetrySimulation } from './row.ts'

/** Names one request of a row among its attempts and copies. */
export const REQUEST_ID = 'x-conformance-id'

/** How the attempts of one request are to fail, as JSON. */
export const SIMULATION = 'x-conformance-simulation'

/** The same, whether over HTTP or gRPC. */
export type Echo = EchoedCall

export interface EchoServer {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Everything that has arrived. */
  readonly arrived: Echo[]
}

/** The suite's echo application: it tells what it got, late or after failures where the request asks for that. */
export function echoServer(app: string, namespace: string): EchoServer {
  const arrived: Echo[] = []
  const failures = new Map<string, number>()
  return {
    arrived,
    answer(request, response) {
      request.resume()
      const echo = read(request, app, namespace)
      arrived.push(echo)
      const simulation = JSON.parse(echo.headers[SIMULATION] ?? '{"failFirst":0}') as RetrySimulation
      const failed = failures.get(echo.id) ?? 0
      const fails = failed < simulation.failFirst
      if (fails) failures.set(echo.id, failed + 1)
      const delay = fails ? simulation.delayPerFailure : (new URLSearchParams(echo.rawQuery).get('delay') ?? undefined)
      setTimeout(() => (fails ? fail(response, simulation) : tell(response, echo)), milliseconds(delay))
    },
  }
}

function read(request: IncomingMessage, app: string, namespace: string): Echo {
  const headers: Record<string, string> = {}
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] as string).toLowerCase()
    const value = request.rawHeaders[at + 1] as string
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value
  }
  const [path = '', rawQuery = ''] = (request.url ?? '').split('?')
  return { app, namespace, id: headers[REQUEST_ID] ?? '', path, rawQuery, host: headers.host ?? '', headers }
}

function fail(response: ServerResponse, { responseCode }: RetrySimulation): void {
  if (typeof responseCode === 'number') response.writeHead(responseCode).end()
  else response.socket?.resetAndDestroy()
}

function tell(response: ServerResponse, echo: Echo): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(echo))
}

/** Of the durations that the rows use. */
function milliseconds(duration = '0ms'): number {
  const [, digits = '0', unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(duration) ?? []
  return Number(digits) * (unit === 's' ? 1000 : 1)
}
