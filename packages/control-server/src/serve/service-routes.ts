import type { FastifyInstance } from 'fastify'
import { definitionsOf } from '../registry/definitions.ts'
import type { Model } from '../registry/model.ts'
import { ServiceViews } from './service-views.ts'
import { ApiError } from './status.ts'

/** `GET /v1/services` and one of them. */
export function serviceRoutes(app: FastifyInstance, model: () => Model): void {
  const views = new ServiceViews()
  app.get('/v1/services', async () => {
    const now = model()
    // Every definition, as some clients may see one and others another.
    const services = [...now.services.keys()].sort().flatMap((host) => definitionsOf(now, host))
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
    `There is no service ${name} in namespace ${namespace}: it comes with a v1 Service, with a ServiceEntry (whose name here is its host), or with the first workload that registers for it.`,
    { details: { name, kind: 'services' } },
  )
}
