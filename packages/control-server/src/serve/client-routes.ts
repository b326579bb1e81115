import type { FastifyInstance } from 'fastify'
import type { PushService } from '../push/types.ts'

/** `GET /v1/clients`: who is connected and how far each has come. */
export function clientRoutes(app: FastifyInstance, push: PushService): void {
  app.get('/v1/clients', async () => ({ clients: push.clients() }))
}
