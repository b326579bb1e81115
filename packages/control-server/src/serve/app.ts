import type { TlsOptions } from 'node:tls'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import { MAX_BODY_BYTES, refuseEncodedBodies, takeJson } from './bodies.ts'
import { guardFromBrowsers } from './browser-guard.ts'
import { answerClientError } from './client-errors.ts'
import { answerFailures, answerFrameworkError } from './errors.ts'
import { type KnownRoute, noteRoutes } from './known-routes.ts'

/** A request has to be in whole within this time, and its headers within the next. */
const REQUEST_TIMEOUT_MS = 30_000
const HEADERS_TIMEOUT_MS = 10_000

/** Longest path parameter; names have at most 253 characters. */
const MAX_PARAM_LENGTH = 300

export interface App {
  readonly app: FastifyInstance
  /** Every route, growing as they are registered. */
  readonly routes: readonly KnownRoute[]
}

/** What is taken is checked by `config/`. Named here lest fastify loads the compilers that it comes with: some MiB of ajv. */
function noSchemas(): never {
  throw new Error('routes have no schemas here: what a request carries is checked by the handler')
}

/** The types of fastify tell servers of the two sorts apart, which nothing here has to. */
function listening(tls: TlsOptions | undefined): { readonly http: { readonly headersTimeout: number } } {
  const http = { headersTimeout: HEADERS_TIMEOUT_MS }
  return tls === undefined ? { http } : ({ https: { ...tls, ...http } } as unknown as { readonly http: typeof http })
}

/**
 * The application without routes: what it takes in, how much, how fast, and how it answers failures.
 *
 * @param tls of a server that is secure
 */
export function createApp(
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  tls?: TlsOptions,
): App {
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...listening(tls),
    forceCloseConnections: 'idle',
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  })
  takeJson(app)
  refuseEncodedBodies(app)
  const routes = noteRoutes(app)
  answerFailures(app, routes, logger, clock)
  guardFromBrowsers(app)
  return { app, routes }
}
