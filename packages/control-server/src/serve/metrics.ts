import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../kernel/clock.ts'
import type { PushService } from '../push/types.ts'
import type { Model } from '../registry/model.ts'

/** Upper bounds in seconds; a change is to be answered within some milliseconds, a `?wait` within some seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface MetricsOptions {
  readonly clock: Clock
  readonly model: () => Model
  readonly push: PushService
}

/** `GET /metrics`, from a registry of this server's own. */
export function metricsRoutes(app: FastifyInstance, options: MetricsOptions): void {
  const registry = new Registry()
  gauges(registry, options)
  countRequests(app, registry, options.clock)
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}

function gauges(registry: Registry, { model, push }: MetricsOptions): void {
  const values: readonly [string, string, () => number][] = [
    ['weft_control_revision', 'Newest revision of the store.', () => model().revision],
    ['weft_control_services', 'Services of the mesh.', () => model().services.size],
    ['weft_control_workloads', 'Registered workloads.', () => model().workloads.size],
    ['weft_control_clients', 'Connected streams.', () => push.clients().length],
    [
      'weft_control_clients_nacking',
      'Connected streams that refuse a resource.',
      () => push.clients().filter(({ nacked }) => nacked.length > 0).length,
    ],
    ['process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss()],
  ]
  for (const [name, help, read] of values) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
}

function countRequests(app: FastifyInstance, registry: Registry, clock: Clock): void {
  const labelNames = ['method', 'route', 'code'] as const
  const requests = new Counter({
    name: 'weft_control_requests_total',
    help: 'Requests to the API that were answered.',
    labelNames,
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'weft_control_request_duration_seconds',
    help: 'Time to answer a request to the API.',
    labelNames: ['method', 'route'] as const,
    buckets: DURATION_BUCKETS,
    registers: [registry],
  })
  const begun = new WeakMap<object, number>()
  app.addHook('onRequest', async (request) => {
    begun.set(request, clock.now())
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const route = request.routeOptions.url ?? 'none'
    requests.inc({ method, route, code: String(reply.statusCode) })
    // A stream ends when its client does; how long that took says nothing about the server.
    if (reply.raw.getHeader('content-type') === 'text/event-stream') return
    durations.observe({ method, route }, (clock.now() - (begun.get(request) ?? clock.now())) / 1_000)
  })
}
