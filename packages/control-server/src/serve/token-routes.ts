import type { FastifyInstance } from 'fastify'
import { principalNameOf } from '../auth/caller.ts'
import { type TokenRecord, tokenState } from '../auth/token-record.ts'
import { parseTokenSpec } from '../auth/token-spec.ts'
import { type Tokens, TooManyTokensError, tokenView } from '../auth/tokens.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'
import { jsonObject } from './bodies.ts'
import { callerOf } from './caller-of.ts'
import { ApiError, refusal } from './status.ts'

/** A token as it is shown; its secret is told once, when it is made. */
export type TokenView = Readonly<Record<string, unknown>> & { readonly id: string; readonly state: string }

/** `POST`, `GET` and `DELETE /v1/tokens`. A token that was revoked stays in the list for a while. */
export function tokenRoutes(app: FastifyInstance, tokens: Tokens, wallNow: () => number): void {
  app.post('/v1/tokens', async (request, reply) => {
    const spec = parseTokenSpec(jsonObject(request))
    if (!spec.ok) throw refusal(422, 'The token is refused', spec.error)
    try {
      const { record, token } = await tokens.create(spec.value, principalNameOf(callerOf(request)))
      reply.code(201).header('cache-control', 'no-store')
      return { ...viewToken(record, wallNow()), token }
    } catch (error) {
      if (error instanceof TooManyTokensError) throw new ApiError(409, error.message)
      throw error
    }
  })
  app.get('/v1/tokens', async () => ({ tokens: tokens.list().map((record) => viewToken(record, wallNow())) }))
  app.delete<{ Params: { id: string } }>('/v1/tokens/:id', async (request) => {
    const { id } = request.params
    const record = await tokens.revoke(id, principalNameOf(callerOf(request)))
    if (record !== undefined) return viewToken(record, wallNow())
    throw new ApiError(404, `There is no token ${id}: GET /v1/tokens lists those that there are.`, {
      details: { name: id, kind: 'tokens' },
    })
  })
}

function viewToken(record: TokenRecord, wallNow: number): TokenView {
  const { createdAtMs, expiresAtMs, revokedAtMs, ...rest } = tokenView(record)
  return {
    ...rest,
    state: tokenState(record, wallNow),
    createdAt: formatTimestamp(createdAtMs),
    ...(expiresAtMs === undefined ? {} : { expiresAt: formatTimestamp(expiresAtMs) }),
    ...(revokedAtMs === undefined ? {} : { revokedAt: formatTimestamp(revokedAtMs) }),
  }
}
