import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { planCanary } from '../canary/plan.ts'
import { planPromote } from '../canary/promote.ts'
import { parseCanaryRequest } from '../canary/request.ts'
import { planRollback } from '../canary/rollback.ts'
import type { PushService } from '../push/types.ts'
import { jsonObject } from './bodies.ts'
import type { Canaries, CanaryFailure, Planner } from './canaries.ts'
import { type Query, readDryRun, readWait } from './query.ts'
import { ApiError, refusal } from './status.ts'
import { waitForClients } from './waiting.ts'
import { warn } from './warnings.ts'
import type { WriterOf } from './writer-of.ts'

interface Route {
  readonly Params: { readonly namespace: string; readonly name: string }
  readonly Querystring: Query
}

const PATH = '/v1/services/:namespace/:name/canary'

export interface CanaryParts {
  readonly canaries: Canaries
  readonly push: PushService
  readonly writerOf: WriterOf
}

/** The canary of a service: set, look at, promote, roll back. Changes take `?wait` and `?dryRun=All`. */
export function canaryRoutes(app: FastifyInstance, { canaries, push, writerOf }: CanaryParts): void {
  const change = async (request: FastifyRequest<Route>, reply: FastifyReply, plan: Planner): Promise<object> => {
    const { namespace, name } = request.params
    const dryRun = readDryRun(request.query)
    const waitMs = readWait(request.query)
    const result = await canaries.change(namespace, name, plan, { dryRun, by: writerOf(request) })
    if (!result.ok) throw toApiError(result.error, request)
    const { revision, status, warnings } = result.value
    warn(reply, warnings)
    const answer = { revision, ...(status === undefined ? {} : { canary: status }), warnings }
    if (waitMs === undefined || dryRun) return answer
    return { ...answer, ...(await waitForClients(push, result.value, waitMs)) }
  }
  app.get<Route>(PATH, async ({ params: { namespace, name } }) => {
    const status = await canaries.status(namespace, name)
    if (status !== undefined) return status
    throw new ApiError(404, `There is no canary of ${namespace}/${name}: begin one with PUT.`)
  })
  app.put<Route>(PATH, async (request, reply) => {
    const parsed = parseCanaryRequest(jsonObject(request))
    if (!parsed.ok) throw refusal(422, 'The canary is refused', parsed.error, { name: request.params.name })
    return change(request, reply, (situation) => planCanary(situation, parsed.value))
  })
  app.post<Route>(`${PATH}/promote`, (request, reply) => change(request, reply, planPromote))
  app.delete<Route>(PATH, (request, reply) => change(request, reply, planRollback))
}

function toApiError({ status, message, violations }: CanaryFailure, { params }: FastifyRequest<Route>): ApiError {
  const details = { name: params.name, kind: 'services' }
  if (violations !== undefined) return refusal(status, message, violations, details)
  if (status === 422) return refusal(422, 'The canary is refused', [{ field: '', message }], details)
  if (status === 403) return new ApiError(403, message, { details })
  return new ApiError(status, `${message.charAt(0).toUpperCase()}${message.slice(1)}.`, { details })
}
