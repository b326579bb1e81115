import { createServer, type IncomingMessage, Server, type ServerResponse } from 'node:http'
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
export type Listener = RequestListener | Server | KoaLike | FastifyLike

const ACCEPTED =
  'serve takes a function (request, response), an http.Server, or an Express, Koa or Fastify application over HTTP/1.1 without TLS'

/**
 * The server that will listen: the application's own, where it has one, with all that it is set to.
 * @throws MeshError `WEFT_CONFIG` for anything else than a {@link Listener}.
 */
export async function serverOf(listener: Listener): Promise<Server> {
  if (typeof listener === 'function') return createServer(listener)
  if (listener instanceof Server) return listener
  if (isFastify(listener)) {
    await listener.ready()
    if (listener.server instanceof Server) return listener.server
    throw new MeshError('WEFT_CONFIG', `The Fastify instance has a server of another kind. ${ACCEPTED}.`)
  }
  if (isKoa(listener)) return createServer(listener.callback())
  throw new MeshError('WEFT_CONFIG', `This cannot be served: ${describe(listener)}. ${ACCEPTED}.`)
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
