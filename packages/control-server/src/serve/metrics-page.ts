import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { PushService } from '../push/types.ts'
import type { Model } from '../registry/model.ts'
import { DURATION_BUCKETS, type RouteCounts } from './request-counts.ts'

export interface MetricsSources {
  readonly model: () => Model
  readonly push: PushService
  readonly requests: () => Iterable<RouteCounts>
}

export interface MetricsPage {
  readonly contentType: string
  readonly text: string
}

/** The metrics as they are now, from a registry of their own. */
export async function renderMetrics(sources: MetricsSources): Promise<MetricsPage> {
  const registry = new Registry()
  addGauges(registry, sources)
  const requests = [...sources.requests()]
  addRequests(registry, requests)
  new RequestDurations(registry, requests)
  return { contentType: registry.contentType, text: await registry.metrics() }
}

function addGauges(registry: Registry, { model, push }: MetricsSources): void {
  const clients = push.clients()
  const nacking = clients.filter(({ nacked }) => nacked.length > 0).length
  const values: readonly [string, string, number][] = [
    ['weft_control_revision', 'Newest revision of the store.', model().revision],
    ['weft_control_services', 'Services of the mesh.', model().services.size],
    ['weft_control_workloads', 'Registered workloads.', model().workloads.size],
    ['weft_control_clients', 'Connected streams.', clients.length],
    ['weft_control_clients_nacking', 'Connected streams that refuse a resource.', nacking],
    ['process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()],
  ]
  for (const [name, help, value] of values) new Gauge({ name, help, registers: [registry] }).set(value)
}

function addRequests(registry: Registry, requests: readonly RouteCounts[]): void {
  const counter = new Counter({
    name: 'weft_control_requests_total',
    help: 'Requests to the API that were answered.',
    labelNames: ['method', 'route', 'code'] as const,
    registers: [registry],
  })
  for (const { method, route, codes } of requests) {
    for (const [code, count] of codes) counter.inc({ method, route, code: String(code) }, count)
  }
}

type Described = Awaited<ReturnType<Histogram<string>['get']>>

/** A histogram whose buckets were counted elsewhere. */
class RequestDurations extends Histogram<string> {
  readonly #requests: readonly RouteCounts[]

  constructor(registry: Registry, requests: readonly RouteCounts[]) {
    super({
      name: DURATIONS,
      help: 'Time to answer a request to the API.',
      buckets: [...DURATION_BUCKETS],
      registers: [registry],
    })
    this.#requests = requests
  }

  override async get(): Promise<Described> {
    const { help, type, aggregator, collect } = this as unknown as Described
    return { name: DURATIONS, help, type, aggregator, collect, values: this.#requests.flatMap(durationSamples) }
  }

  /** prom-client 15 renders from this where it is there. */
  getForPromString(): Promise<Described> {
    return this.get()
  }
}

const DURATIONS = 'weft_control_request_duration_seconds'

function durationSamples({ method, route, within, seconds }: RouteCounts): Described['values'] {
  const count = within.reduce((sum, each) => sum + each, 0)
  if (count === 0) return []
  let below = 0
  const buckets = Array.from(within, (each, index) => {
    below += each
    const le = DURATION_BUCKETS[index] ?? '+Inf'
    return { metricName: `${DURATIONS}_bucket`, labels: { le, method, route }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${DURATIONS}_sum`, labels: { method, route }, value: seconds },
    { metricName: `${DURATIONS}_count`, labels: { method, route }, value: count },
  ]
}
