import { createServer, type IncomingMessage, Server, type ServerResponse } from 'node:http'
import type { Http2Server } from 'node:http2'
import { Server as NetServer } from 'node:net'
import { MeshError } from '../../kernel/errors.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A Koa application, by what is needed of it. */
export interface KoaLike {
  callback(): RequestListener
}

/** A Fastify instance, by what is needed of it. */
export interface FastifyLike {
  readonly server: unknown
  readonly routing: unknown
  ready(): PromiseLike<unknown>
}

/** What can be served: a function of request and response (an Express application is one), a server, an application. */
export type Listener = RequestListener | Server | Http2Server | KoaLike | FastifyLike

const ACCEPTED =
  'serve takes a function (request, response), an http.Server, an http2.Server with listeners of requests, or an Express, Koa or Fastify application, without TLS'

/**
 * The server that will listen: the application's own, where it has one, with all that it is set to.
 * @throws MeshError `WEFT_CONFIG` for anything else than a {@link Listener}.
 */
export async function serverOf(listener: Listener, protocol: 'http' | 'http2'): Promise<Server | Http2Server> {
  const server = await findServer(listener)
  if (!(server instanceof Server)) refuseStreams(server)
  if (protocol === 'http2' && isExpress(listener)) {
    throw new MeshError(
      'WEFT_CONFIG',
      'An Express application cannot be served over HTTP/2: it breaks on its requests. Take protocol "http".',
    )
  }
  return server
}

async function findServer(listener: Listener): Promise<Server | Http2Server> {
  if (typeof listener === 'function') return createServer(listener)
  if (listener instanceof Server || isHttp2(listener)) return listener
  if (isFastify(listener)) {
    await listener.ready()
    if (listener.server instanceof Server || isHttp2(listener.server)) return listener.server
    throw new MeshError('WEFT_CONFIG', `The Fastify instance has a server of another kind. ${ACCEPTED}.`)
  }
  if (isKoa(listener)) return createServer(listener.callback())
  throw new MeshError('WEFT_CONFIG', `This cannot be served: ${describe(listener)}. ${ACCEPTED}.`)
}

/**
 * What listens to bare streams has their requests past the mesh. A listener of requests makes one listener of streams, which is
 * Node's own.
 */
function refuseStreams(server: Http2Server): void {
  if (server.listenerCount('request') === 0) {
    throw new MeshError('WEFT_CONFIG', `This http2.Server has no listener of requests. ${ACCEPTED}.`)
  }
  if (server.listenerCount('stream') > 1) {
    throw new MeshError(
      'WEFT_CONFIG',
      'This http2.Server has a listener of "stream", which gets requests that no policy has looked at: listen to "request" alone.',
    )
  }
}

/** node:http2 does not tell the class of its servers; those with TLS have contexts. */
function isHttp2(value: unknown): value is Http2Server {
  return value instanceof NetServer && 'updateSettings' in value && !('setSecureContext' in value)
}

function isExpress(listener: unknown): boolean {
  return typeof listener === 'function' && 'handle' in listener && 'settings' in listener
}

function isFastify(value: unknown): value is FastifyLike {
  return (
    isObject(value) && 'server' in value && typeof value.routing === 'function' && typeof value.ready === 'function'
  )
}

function isKoa(value: unknown): value is KoaLike {
  return isObject(value) && typeof value.callback === 'function'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function describe(value: unknown): string {
  if (!isObject(value)) return value === null ? 'null' : typeof value
  return `an object of class ${value.constructor?.name ?? 'none'}`
}
