import type { FastifyInstance } from 'fastify'
import type { Registrations } from '../registry/registrations.ts'
import { jsonObject } from './bodies.ts'
import { ApiError, refusal } from './status.ts'

interface WorkloadParams {
  readonly id: string
}

/** `PUT`, renew and `DELETE` of registrations. */
export function workloadRoutes(app: FastifyInstance, registrations: Registrations, ttlMs: number): void {
  app.put<{ Params: WorkloadParams }>('/v1/workloads/:id', async (request) => {
    const { id } = request.params
    const result = await registrations.register(id, jsonObject(request))
    if (!result.ok) throw refusal(422, `The registration of workload ${id} is refused`, result.error, { name: id })
    return result.value
  })
  app.post<{ Params: WorkloadParams }>('/v1/workloads/:id/renew', async ({ params }) => {
    if (!(await registrations.renew(params.id))) throw unknownWorkload(params.id)
    return { ttlMs }
  })
  app.delete<{ Params: WorkloadParams }>('/v1/workloads/:id', async ({ params }) => {
    if (!(await registrations.deregister(params.id))) throw unknownWorkload(params.id)
    return {}
  })
}

function unknownWorkload(id: string): ApiError {
  return new ApiError(404, `Workload ${id} is not registered (any more): register it with PUT /v1/workloads/${id}.`, {
    details: { name: id, kind: 'workloads' },
  })
}
