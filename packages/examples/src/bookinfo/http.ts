import type { ServerResponse } from 'node:http'

/** The port that every service of Bookinfo is called at, wherever its processes listen. */
export const SERVICE_PORT = 9080

/** The port at which ratings is called over gRPC. */
export const GRPC_SERVICE_PORT = 9090

/** Where a process listens: on loopback and a free port, unless `HOST` and `PORT` say otherwise. */
export const LISTEN: { readonly host: string; readonly port: number } = {
  host: process.env.HOST ?? '127.0.0.1',
  port: Number(process.env.PORT ?? 0),
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** Answers 404. */
export function notFound(response: ServerResponse, url = '/'): void {
  json(response, { error: `There is nothing at ${url}` }, 404)
}

/** The number at the end of a path like `/ratings/7`, where the path is of this form and nothing else. */
export function idIn(url: string | undefined, name: string): number | undefined {
  const [, found, id] = /^\/([a-z]+)\/(\d{1,9})(?:\?.*)?$/.exec(url ?? '') ?? []
  return found === name ? Number(id) : undefined
}

/** Runs the steps one after the other when the process is told to end, then ends it. */
export function onTerminate(...steps: readonly (() => Promise<unknown>)[]): void {
  const end = async (): Promise<void> => {
    for (const step of steps) await step()
    process.exit()
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}
