import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CaError } from '../ca/ca-error.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import { StoreError } from '../store/store-error.ts'
import { MAX_BODY_BYTES } from './bodies.ts'
import { discardBody } from './discard-body.ts'
import { allowedMethods, type KnownRoute } from './known-routes.ts'
import { RefusalLog } from './refusal-log.ts'
import { ApiError } from './status.ts'

/** Answers every failure as a `Status`, and what nobody serves as 404 or 405. */
export function answerFailures(
  app: FastifyInstance,
  routes: readonly KnownRoute[],
  logger: Logger,
  clock: Clock,
): void {
  const refusals = new RefusalLog(logger, clock)
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const refused = toApiError(error)
    if (refused.code === 413 && (await discardBody(request.raw))) reply.removeHeader('connection')
    if (refused.code >= 500) {
      logger.error('a request failed', { method: request.method, url: request.url, error: describe(error) })
    }
    refusals.note(request, refused)
    return reply.code(refused.code).send(refused.toStatus())
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = allowedMethods(routes, path)
    const refused =
      allowed.length === 0
        ? new ApiError(404, `There is nothing at ${path}: GET /openapi.json lists what there is.`)
        : new ApiError(405, `${path} takes ${allowed.join(', ')}, not ${request.method}.`)
    if (allowed.length > 0) reply.header('allow', allowed.join(', '))
    return reply.code(refused.code).send(refused.toStatus())
  })
}

/** Answers what fails before there is a route, such as a path that is not well-formed. */
export function answerFrameworkError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const refused = toApiError(error)
  reply.code(refused.code).send(refused.toStatus())
}

function toApiError(error: FastifyError): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof StoreError) {
    return new ApiError(503, `Nothing was stored. ${error.message}`)
  }
  if (error instanceof CaError) return new ApiError(error.code === 'WEFT_CA_ROTATING' ? 409 : 503, error.message)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError(413, `The body is larger than ${MAX_BODY_BYTES} bytes: send it in parts.`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(
        415,
        'The body is of a content type that is not taken: send application/json or application/yaml (for PATCH application/merge-patch+json).',
      )
    default:
  }
  const code = error.statusCode ?? 500
  return code < 500 ? new ApiError(code, error.message) : new ApiError(500, 'The server failed; its log says why.')
}

function describe(error: Error): string {
  return error.stack ?? String(error)
}
