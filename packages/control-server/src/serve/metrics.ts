import type { FastifyInstance } from 'fastify'
import { urlFor } from './kind-paths.ts'
import type { MetricsSources } from './metrics-page.ts'
import { RequestCounts } from './request-counts.ts'

/** `GET /metrics`. What renders it is loaded with the first scrape. */
export function metricsRoutes(app: FastifyInstance, sources: Omit<MetricsSources, 'requests'>): void {
  const counts = new RequestCounts()
  app.addHook('onResponse', (request, reply, done) => {
    // A stream ends when its client does; how long that took says nothing about the server.
    const isStream = reply.raw.getHeader('content-type') === 'text/event-stream'
    const { url } = request.routeOptions
    const route = url === undefined ? undefined : urlFor(url, request.params)
    counts.note(request.method, route ?? 'none', reply.statusCode, isStream ? undefined : reply.elapsedTime)
    done()
  })
  app.get('/metrics', async (_request, reply) => {
    const { renderMetrics } = await import('./metrics-page.ts')
    const { contentType, text } = await renderMetrics({ ...sources, requests: () => counts.all() })
    return reply.type(contentType).send(text)
  })
}
