import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { MeshError } from '../kernel/errors.ts'
import type { Logger } from '../kernel/logger.ts'

export interface AdminServerOptions {
  /** 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** Default 127.0.0.1. What is told here is not for everybody. */
  readonly host?: string
  readonly registry: Pick<Registry, 'contentType' | 'metrics'>
  /** Told as JSON. */
  readonly status: () => unknown
  /** Whether the process should go on. */
  readonly healthy: () => boolean
  /** Whether it should be given requests. */
  readonly ready: () => boolean
  readonly logger: Logger
}

export interface AdminServer {
  /** The port that is really bound. */
  readonly port: number
  /** Idempotent. Ends answers under way. */
  close(): Promise<void>
}

const LOOPBACK = '127.0.0.1'
const REQUEST_TIMEOUT_MS = 5_000
const MAX_CONNECTIONS = 64

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

type Endpoints = ReadonlyMap<string, () => Answer | Promise<Answer>>

/**
 * Serves `/metrics`, `/status`, `/healthz` and `/readyz`. It never keeps a process alive that is otherwise done. Rejects
 * with `WEFT_CONFIG` when the address cannot be bound.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { port, host = LOOPBACK, logger } = options
  const endpoints = endpointsOf(options)
  const server = createServer(
    { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (req, res) => {
      answer(endpoints, req, res).catch((error: unknown) => {
        logger.warn('The admin listener could not answer.', { url: req.url, error: String(error) })
        if (!res.headersSent) send(res, req, text(500, 'The answer could not be made; see the log.'))
        else res.destroy()
      })
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  server.on('connection', (socket) => socket.unref())
  await listen(server, port, host)
  server.unref()
  // Without a listener, an error of the listening socket would end the process.
  server.on('error', (error) => logger.warn('The admin listener failed.', { error: String(error) }))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function endpointsOf({ registry, status, healthy, ready }: AdminServerOptions): Endpoints {
  const state = (holds: boolean, otherwise: string): Answer => (holds ? text(200, 'ok') : text(503, otherwise))
  return new Map<string, () => Answer | Promise<Answer>>([
    ['/metrics', async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() })],
    ['/status', () => ({ status: 200, type: 'application/json', body: `${JSON.stringify(status(), null, 2)}\n` })],
    ['/healthz', () => state(healthy(), 'not healthy')],
    ['/readyz', () => state(ready(), 'not ready')],
  ])
}

async function answer(endpoints: Endpoints, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0] as string
  const endpoint = endpoints.get(path)
  if (endpoint === undefined) {
    send(res, req, text(404, `There is ${[...endpoints.keys()].join(', ')}.`))
  } else if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD')
    send(res, req, text(405, 'Use GET.'))
  } else {
    send(res, req, await endpoint())
  }
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` }
}

function send(res: ServerResponse, req: IncomingMessage, { status, type, body }: Answer): void {
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `The admin listener cannot bind ${host}:${port} (${cause.code ?? cause.message}). Give admin.port (WEFT_ADMIN_PORT) another port, or 0 for a free one.`
      reject(new MeshError('WEFT_CONFIG', message, { cause }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
