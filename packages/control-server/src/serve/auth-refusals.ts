import type { FastifyReply } from 'fastify'
import type { AuthRefusal } from '../auth/refusal.ts'
import { ApiError } from './status.ts'

/** A refusal on its way to whoever asks. */
export function toApiError({ code, message }: AuthRefusal): ApiError {
  return new ApiError(code, message)
}

/** Headers that go with it: RFC 6750 3 for a 401, `Retry-After` where it is known. */
export function refuseWithHeaders(reply: FastifyReply, refusal: AuthRefusal, presented: boolean): ApiError {
  if (refusal.code === 401) {
    reply.header('www-authenticate', `Bearer realm="weft"${presented ? ', error="invalid_token"' : ''}`)
  }
  if (refusal.retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(refusal.retryAfterMs / 1_000)))
  return toApiError(refusal)
}
