import type { FastifyInstance } from 'fastify'
import type { Registrations } from '../registry/registrations.ts'
import { jsonObject } from './bodies.ts'
import { ApiError, refusal } from './status.ts'
import type { WorkloadGuard } from './workload-guard.ts'

interface WorkloadParams {
  readonly id: string
}

export interface WorkloadParts {
  readonly registrations: Registrations
  readonly guard: WorkloadGuard
  readonly ttlMs: number
}

/** `PUT`, renew and `DELETE` of registrations. */
export function workloadRoutes(app: FastifyInstance, { registrations, guard, ttlMs }: WorkloadParts): void {
  app.put<{ Params: WorkloadParams }>('/v1/workloads/:id', async (request) => {
    const { id } = request.params
    const result = await registrations.register(id, jsonObject(request), (wanted, before) =>
      guard.register(request, id, wanted, before),
    )
    if (!result.ok) throw refusal(422, `The registration of workload ${id} is refused`, result.error, { name: id })
    return result.value
  })
  app.post<{ Params: WorkloadParams }>('/v1/workloads/:id/renew', async (request) => {
    const { id } = request.params
    await guard.actAs(request, id)
    if (!(await registrations.renew(id))) throw unknownWorkload(id)
    return { ttlMs }
  })
  app.delete<{ Params: WorkloadParams }>('/v1/workloads/:id', async (request) => {
    const { id } = request.params
    await guard.actAs(request, id)
    if (!(await registrations.deregister(id))) throw unknownWorkload(id)
    return {}
  })
}

function unknownWorkload(id: string): ApiError {
  return new ApiError(404, `Workload ${id} is not registered (any more): register it with PUT /v1/workloads/${id}.`, {
    details: { name: id, kind: 'workloads' },
  })
}
