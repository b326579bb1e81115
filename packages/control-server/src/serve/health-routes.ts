import type { FastifyInstance } from 'fastify'
import { ApiError } from './status.ts'

/** `/healthz`: the process answers. `/readyz`: it answers truly, which it does not while it is stopping. */
export function healthRoutes(app: FastifyInstance, isReady: () => boolean): void {
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    if (!isReady()) throw new ApiError(503, 'The server is stopping.')
    return reply.type('text/plain').send('ok\n')
  })
}
