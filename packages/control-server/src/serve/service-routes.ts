import type { FastifyInstance } from 'fastify'
import type { Model } from '../registry/model.ts'
import { ServiceViews } from './service-views.ts'
import { ApiError } from './status.ts'

/** `GET /v1/services` and one of them. */
export function serviceRoutes(app: FastifyInstance, model: () => Model): void {
  const views = new ServiceViews()
  app.get('/v1/services', async () => {
    const now = model()
    const services = [...now.services.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
    return { revision: now.revision, services: services.map((service) => views.summary(now, service)) }
  })
  app.get<{ Params: { namespace: string; name: string } }>('/v1/services/:namespace/:name', async ({ params }) => {
    const { namespace, name } = params
    const view = views.view(model(), namespace, name)
    if (view === undefined) throw unknownService(namespace, name)
    return view
  })
}

function unknownService(namespace: string, name: string): ApiError {
  return new ApiError(
    404,
    `There is no service ${name} in namespace ${namespace}: it comes with a v1 Service or with the first workload that registers for it.`,
    { details: { name, kind: 'services' } },
  )
}
