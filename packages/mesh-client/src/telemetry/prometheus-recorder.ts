import { Registry } from 'prom-client'
import type { Peer, Recorder } from '../kernel/recorder.ts'
import { CallTable, SLOT } from './call-table.ts'
import { CollectedCounter, CollectedGauge, CollectedHistogram, type MetricDescription } from './collected-metrics.ts'
import { ConnectionTable } from './connection-table.ts'
import { CounterTable, type Sample } from './counter-table.ts'
import { HISTOGRAM_SLOTS, readHistogram } from './histogram.ts'
import { ISTIO_LABELS } from './istio-labels.ts'
import {
  breakerSamples,
  type ClusterGauges,
  ejectedSamples,
  endpointSamples,
  type HeldPolicy,
  limitSamples,
  policySamples,
} from './mesh-gauges.ts'
import { registerMessageMetrics } from './message-metrics.ts'
import { MessageTable } from './message-table.ts'
import { registerTcpMetrics } from './tcp-metrics.ts'

export interface PrometheusRecorderOptions {
  /** The workload that tells. */
  readonly self: Peer
  /** Version of the client library, label `tag` of `istio_build`. */
  readonly build: string
  /** Asked when scraped. Default: none. */
  readonly clusters?: () => Iterable<ClusterGauges>
  /** The resources in force, asked when scraped. Default: the last applied version of each that ever came. */
  readonly policies?: () => Iterable<HeldPolicy>
  /**
   * How many sets of labels calls are counted under before peer and service are folded into `unknown`; each is 67
   * series. Default 1000.
   */
  readonly maxLabelSets?: number
}

export interface PrometheusRecorder {
  readonly recorder: Recorder
  /** Private to the mesh: prom-client's default registry is the application's. */
  readonly registry: Registry
}

const MAX_LABEL_SETS = 1000

/** Istio's standard metrics, and Weft's own beginning with `weft_`. Counting is cheap; the work is done when scraped. */
export function createPrometheusRecorder(options: PrometheusRecorderOptions): PrometheusRecorder {
  const registry = new Registry()
  const maxLabelSets = options.maxLabelSets ?? MAX_LABEL_SETS
  const messages = new MessageTable(options.self, maxLabelSets)
  const calls = new CallTable(options.self, maxLabelSets, messages)
  const tcp = new ConnectionTable(options.self, maxLabelSets)
  const counters = createCounters(maxLabelSets)
  const held = new Map<string, HeldPolicy>()
  const connections = new Map<string, boolean>()
  /** The one in force, if any. */
  const certificates: HeldCertificate[] = []
  registerIstioMetrics(registry, calls, options.build)
  registerMessageMetrics(registry, messages)
  registerTcpMetrics(registry, tcp)
  registerCounters(registry, counters)
  registerClusterGauges(registry, options.clusters ?? (() => []))
  const gauge = gaugesOf(registry)
  gauge('weft_policy_version', 'Resources in force.', ['type', 'name', 'version'], () =>
    policySamples(options.policies?.() ?? held.values()),
  )
  gauge('weft_control_connected', 'Whether the stream to a control server is open.', ['url'], () =>
    [...connections].map(([url, open]) => ({ labels: { url }, value: open ? 1 : 0 })),
  )
  gauge(
    'weft_certificate_expiration_timestamp_seconds',
    'When the certificate of this process ends.',
    ['spiffe_id'],
    () =>
      certificates.map(({ spiffeId, expiresAt }) => ({ labels: { spiffe_id: spiffeId }, value: expiresAt / 1_000 })),
  )
  return {
    recorder: {
      ...createRecorder(calls, counters, held, connections, certificates),
      messages: (record) => messages.record(record),
      connection: (record) => tcp.record(record),
    },
    registry,
  }
}

interface HeldCertificate {
  readonly spiffeId: string
  readonly expiresAt: number
}

type Counters = ReturnType<typeof createCounters>

function createCounters(maxSamples: number) {
  return {
    faults: new CounterTable(['service', 'kind'], maxSamples),
    authorizations: new CounterTable(['service', 'decision'], maxSamples),
    mirrors: new CounterTable(['cluster', 'result'], maxSamples),
    hedges: new CounterTable(['cluster', 'event'], maxSamples),
    retries: new CounterTable(['cluster', 'reason'], maxSamples),
    retriesRefused: new CounterTable(['cluster', 'reason'], maxSamples),
    overflow: new CounterTable(['cluster', 'kind'], maxSamples),
    ejections: new CounterTable(['cluster', 'reason'], maxSamples),
    checks: new CounterTable(['cluster', 'outcome'], maxSamples),
    transitions: new CounterTable(['cluster', 'state'], maxSamples),
    applied: new CounterTable(['type'], maxSamples),
    rejected: new CounterTable(['type'], maxSamples),
    certificateRequests: new CounterTable(['outcome'], maxSamples),
  }
}

function createRecorder(
  calls: CallTable,
  counters: Counters,
  held: Map<string, HeldPolicy>,
  connections: Map<string, boolean>,
  certificates: HeldCertificate[],
): Omit<Recorder, 'connection' | 'messages'> {
  return {
    call: (record) => calls.record(record),
    fault: (service, kind) => counters.faults.increment(service, kind),
    authorization: (service, decision) => counters.authorizations.increment(service, decision),
    mirror: (cluster, result) => counters.mirrors.increment(cluster, result),
    hedge: (cluster, event) => counters.hedges.increment(cluster, event),
    retry: (cluster, reason) => counters.retries.increment(cluster, reason),
    retryRefused: (cluster, reason) => counters.retriesRefused.increment(cluster, reason),
    overflow: (cluster, kind) => counters.overflow.increment(cluster, kind),
    ejected: (cluster, _endpoint, reason) => counters.ejections.increment(cluster, reason),
    unejected: () => undefined,
    healthCheck: (cluster, _endpoint, outcome) => counters.checks.increment(cluster, outcome),
    breaker: (cluster, state) => counters.transitions.increment(cluster, state),
    policyApplied(type, name, version) {
      counters.applied.increment(type)
      held.set(`${type}/${name}`, { type, name, version })
    },
    policyRejected: (type) => counters.rejected.increment(type),
    connected: (url, connected) => void connections.set(url, connected),
    certificate: (spiffeId, expiresAt) => void certificates.splice(0, 1, { spiffeId, expiresAt }),
    certificateRequest: (outcome) => counters.certificateRequests.increment(outcome),
  }
}

function registerIstioMetrics(registry: Registry, calls: CallTable, build: string): void {
  const describe = (name: string, help: string): MetricDescription => ({
    name,
    help,
    labelNames: ISTIO_LABELS,
    registry,
  })
  new CollectedCounter(describe('istio_requests_total', 'HTTP and gRPC requests.'), {
    samples: () => calls.series().map(({ labels, slots }) => ({ labels, value: slots[SLOT.requests] as number })),
    reset: () => calls.reset(SLOT.requests, 1),
  })
  const histogram = (start: number, name: string, help: string): void => {
    new CollectedHistogram(describe(name, help), {
      samples: () => calls.series().map(({ labels, slots }) => ({ labels, reading: readHistogram(slots, start) })),
      reset: () => calls.reset(start, HISTOGRAM_SLOTS),
    })
  }
  histogram(SLOT.duration, 'istio_request_duration_milliseconds', 'Time to the end of the response, in milliseconds.')
  histogram(SLOT.requestBytes, 'istio_request_bytes', 'Size of requests, headers included.')
  histogram(SLOT.responseBytes, 'istio_response_bytes', 'Size of responses, headers included.')
  gaugesOf(registry)('istio_build', 'Version of the data plane.', ['component', 'tag'], () => [
    { labels: { component: 'proxy', tag: build }, value: 1 },
  ])
  new CollectedCounter(
    {
      name: 'weft_calls_folded_total',
      help: 'Calls counted with peer and service unknown, because the limit of label sets was reached.',
      labelNames: [],
      registry,
    },
    { samples: () => [{ labels: {}, value: calls.folded }], reset: () => undefined },
  )
}

function registerCounters(registry: Registry, counters: Counters): void {
  const register = (name: string, help: string, table: CounterTable): void => {
    new CollectedCounter({ name, help, labelNames: table.labelNames, registry }, table)
  }
  register('weft_faults_injected_total', 'Calls that were held up or answered on purpose.', counters.faults)
  register(
    'weft_authorization_decisions_total',
    'Requests and connections judged by access policies, by what was decided.',
    counters.authorizations,
  )
  register('weft_mirrored_requests_total', 'Copies of requests, by what became of them.', counters.mirrors)
  register('weft_hedges_total', 'Attempts left running beside another, and how often the later won.', counters.hedges)
  register('weft_retries_total', 'Further attempts made.', counters.retries)
  register('weft_retries_refused_total', 'Further attempts that were due but refused.', counters.retriesRefused)
  register('weft_overflow_total', 'Times that a limit of a cluster was reached.', counters.overflow)
  register('weft_endpoint_ejections_total', 'Endpoints ejected by outlier detection.', counters.ejections)
  register('weft_health_checks_total', 'Active health checks that have ended.', counters.checks)
  register(
    'weft_circuit_breaker_transitions_total',
    'Changes of an error-rate breaker, by new state.',
    counters.transitions,
  )
  register('weft_policy_applied_total', 'Resources that came into force.', counters.applied)
  register('weft_certificate_requests_total', 'Requests for a certificate, by outcome.', counters.certificateRequests)
  register('weft_policy_rejected_total', 'Resources refused, the one before kept.', counters.rejected)
}

function registerClusterGauges(registry: Registry, clusters: () => Iterable<ClusterGauges>): void {
  const gauge = gaugesOf(registry)
  gauge('weft_endpoints', 'Endpoints by state.', ['cluster', 'state'], () => endpointSamples(clusters()))
  gauge('weft_endpoints_ejected', 'Endpoints ejected now.', ['cluster'], () => ejectedSamples(clusters()))
  gauge('weft_circuit_breaker_state', '1 for the state of the error-rate breaker.', ['cluster', 'state'], () =>
    breakerSamples(clusters()),
  )
  const limit = (part: 'current' | 'remaining' | 'open', help: string): void =>
    gauge(`weft_limit_${part}`, help, ['cluster', 'limit'], () => limitSamples(clusters(), part))
  limit('current', 'What is under way against a limit: connections, pending, requests, retries.')
  limit('remaining', 'How much more a limit lets in; only for clusters that have the limit.')
  limit('open', '1 while a limit is reached, else 0.')
}

function gaugesOf(
  registry: Registry,
): (name: string, help: string, labelNames: readonly string[], samples: () => Iterable<Sample>) => void {
  return (name, help, labelNames, samples) => {
    new CollectedGauge({ name, help, labelNames, registry }, samples)
  }
}
