import { UNLIMITED } from '@weft/mesh-protocol'
import { register } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { decodePeer, encodePeer, peerOf } from '../../../../packages/mesh-client/src/kernel/peer-header.ts'
import type { CallRecord } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { ISTIO_LABELS } from '../../../../packages/mesh-client/src/telemetry/istio-labels.ts'
import {
  createPrometheusRecorder,
  type PrometheusRecorder,
  type PrometheusRecorderOptions,
} from '../../../../packages/mesh-client/src/telemetry/prometheus-recorder.ts'
import { type ExposedSample, parseExposition, samplesOf } from '../../../support/exposition.ts'

const productpage = peerOf({ name: 'productpage-v1', namespace: 'shop' }, { app: 'productpage', version: 'v1' }, 'main')
const reviews = peerOf({ name: 'reviews-v3', namespace: 'books' }, { app: 'reviews', version: 'v3' }, 'main')
const reviewsService = { host: 'reviews.books.svc.cluster.local', name: 'reviews', namespace: 'books' }

const CALL: CallRecord = {
  reporter: 'source',
  protocol: 'http',
  service: reviewsService,
  peer: reviews,
  status: 200,
  grpcStatus: undefined,
  flags: '-',
  durationMs: 7,
  requestBytes: 300,
  responseBytes: 1200,
}

const recorderOf = (options: Partial<PrometheusRecorderOptions> = {}): PrometheusRecorder =>
  createPrometheusRecorder({ self: productpage, build: '1.2.3', ...options })

const scrape = async ({ registry }: PrometheusRecorder): Promise<ExposedSample[]> =>
  parseExposition(await registry.metrics())

describe('labels of calls', () => {
  const SELF_AS_SOURCE = {
    source_workload: 'productpage-v1',
    source_workload_namespace: 'shop',
    source_principal: 'unknown',
    source_app: 'productpage',
    source_version: 'v1',
    source_canonical_service: 'productpage',
    source_canonical_revision: 'v1',
    source_cluster: 'main',
  }
  const REVIEWS_AS_DESTINATION = {
    destination_workload: 'reviews-v3',
    destination_workload_namespace: 'books',
    destination_principal: 'unknown',
    destination_app: 'reviews',
    destination_version: 'v3',
    destination_canonical_service: 'reviews',
    destination_canonical_revision: 'v3',
    destination_cluster: 'main',
  }
  const unknownSide = (side: string): Record<string, string> =>
    Object.fromEntries(
      ['workload', 'workload_namespace', 'principal', 'app', 'version', 'canonical_service', 'cluster']
        .map((field) => [`${side}_${field}`, 'unknown'])
        .concat([[`${side}_canonical_revision`, 'latest']]),
    )

  test.each<[string, Partial<CallRecord>, Record<string, string>]>([
    [
      'a client that reached a server',
      {},
      {
        reporter: 'source',
        ...SELF_AS_SOURCE,
        ...REVIEWS_AS_DESTINATION,
        destination_service: 'reviews.books.svc.cluster.local',
        destination_service_name: 'reviews',
        destination_service_namespace: 'books',
        request_protocol: 'http',
        response_code: '200',
        grpc_response_status: '',
        response_flags: '-',
        connection_security_policy: 'unknown',
      },
    ],
    [
      'a client that reached nobody still names the service (Kiali, query 0)',
      { peer: undefined, status: 503, flags: 'UH' },
      {
        reporter: 'source',
        ...SELF_AS_SOURCE,
        ...unknownSide('destination'),
        destination_service: 'reviews.books.svc.cluster.local',
        destination_service_name: 'reviews',
        destination_service_namespace: 'books',
        request_protocol: 'http',
        response_code: '503',
        grpc_response_status: '',
        response_flags: 'UH',
        connection_security_policy: 'unknown',
      },
    ],
    [
      'a client whose service has no namespace takes the one of the server',
      { service: { host: 'api.example.com', name: '', namespace: '' }, protocol: 'grpc', grpcStatus: '14', status: 0 },
      {
        reporter: 'source',
        ...SELF_AS_SOURCE,
        ...REVIEWS_AS_DESTINATION,
        destination_service: 'api.example.com',
        destination_service_name: 'api',
        destination_service_namespace: 'books',
        request_protocol: 'grpc',
        response_code: '0',
        grpc_response_status: '14',
        response_flags: '-',
        connection_security_policy: 'unknown',
      },
    ],
    [
      'a server called by a workload of the mesh',
      { reporter: 'destination', peer: reviews, service: { ...reviewsService, namespace: 'elsewhere' } },
      {
        reporter: 'destination',
        ...renamed(REVIEWS_AS_DESTINATION, 'destination_', 'source_'),
        ...renamed(SELF_AS_SOURCE, 'source_', 'destination_'),
        destination_service: 'reviews.books.svc.cluster.local',
        destination_service_name: 'reviews',
        destination_service_namespace: 'shop',
        request_protocol: 'http',
        response_code: '200',
        grpc_response_status: '',
        response_flags: '-',
        connection_security_policy: 'none',
      },
    ],
    [
      'a server that knows neither who called nor as what',
      { reporter: 'destination', peer: undefined, service: undefined, status: 0, flags: 'DC' },
      {
        reporter: 'destination',
        ...unknownSide('source'),
        ...renamed(SELF_AS_SOURCE, 'source_', 'destination_'),
        destination_service: 'productpage',
        destination_service_name: 'productpage',
        destination_service_namespace: 'shop',
        request_protocol: 'http',
        response_code: '0',
        grpc_response_status: '',
        response_flags: 'DC',
        connection_security_policy: 'none',
      },
    ],
  ])('%s', async (_, change, expected) => {
    const metrics = recorderOf()
    metrics.recorder.call({ ...CALL, ...change })
    const told = samplesOf(await scrape(metrics), 'istio_requests_total')
    expect(told).toEqual([{ name: 'istio_requests_total', labels: expected, value: 1 }])
  })

  test('every series of the four metrics carries all 25 labels', async () => {
    const metrics = recorderOf()
    metrics.recorder.call(CALL)
    metrics.recorder.call({ ...CALL, reporter: 'destination', peer: undefined, service: undefined })
    const samples = (await scrape(metrics)).filter(({ name }) => /^istio_re(quest|sponse)/.test(name))
    expect(samples).toHaveLength(2 * (1 + 3 * 22))
    for (const { labels } of samples) {
      const { le, ...rest } = labels
      expect(Object.keys(rest).sort()).toEqual([...ISTIO_LABELS].sort())
    }
    expect(ISTIO_LABELS).toHaveLength(25)
  })
})

describe('values of calls', () => {
  test('equal labels are one series, whatever objects the records are made of', async () => {
    const metrics = recorderOf()
    for (let i = 0; i < 3; i++) {
      const peer = decodePeer(encodePeer(reviews))
      metrics.recorder.call({ ...CALL, peer, service: { ...reviewsService } })
    }
    metrics.recorder.call({ ...CALL, status: 404 })
    metrics.recorder.call({ ...CALL, flags: 'URX' })
    metrics.recorder.call({ ...CALL, peer: { ...reviews, version: 'v4' } })
    const samples = samplesOf(await scrape(metrics), 'istio_requests_total')
    expect(samples.map(({ value }) => value)).toEqual([3, 1, 1, 1])
  })

  test('histograms are cumulative, with the bounds of Envoy', async () => {
    const metrics = recorderOf()
    for (const durationMs of [0.2, 0.5, 1, 7, 4_000_000, Number.NaN]) metrics.recorder.call({ ...CALL, durationMs })
    const samples = await scrape(metrics)
    const buckets = samplesOf(samples, 'istio_request_duration_milliseconds_bucket')
    const bounds = '0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf'
    expect(buckets.map(({ labels }) => labels.le).join(' ')).toBe(bounds)
    expect(buckets.map(({ value }) => value)).toEqual([3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6])
    expect(samplesOf(samples, 'istio_request_duration_milliseconds_sum')[0]?.value).toBeCloseTo(4_000_008.7)
    expect(samplesOf(samples, 'istio_request_duration_milliseconds_count')[0]?.value).toBe(6)
    expect(samplesOf(samples, 'istio_request_bytes_sum')[0]?.value).toBe(1800)
    expect(samplesOf(samples, 'istio_response_bytes_bucket', { le: '1000' })[0]?.value).toBe(0)
    expect(samplesOf(samples, 'istio_response_bytes_bucket', { le: '2500' })[0]?.value).toBe(6)
  })

  test('JSON and text tell the same, and resetMetrics starts again', async () => {
    const metrics = recorderOf()
    metrics.recorder.call(CALL)
    metrics.recorder.retry('c', 'connect-failure')
    const fromJson = (await metrics.registry.getMetricsAsJSON()).flatMap(({ name, values }) =>
      values.map((sample) => ({
        name: (sample as { metricName?: string }).metricName ?? name,
        labels: Object.fromEntries(Object.entries(sample.labels).map(([label, value]) => [label, String(value)])),
        value: sample.value,
      })),
    )
    expect(fromJson).toEqual(await scrape(metrics))
    metrics.registry.resetMetrics()
    const after = await scrape(metrics)
    expect(samplesOf(after, 'istio_requests_total').map(({ value }) => value)).toEqual([0])
    expect(samplesOf(after, 'istio_response_bytes_count').map(({ value }) => value)).toEqual([0])
    expect(samplesOf(after, 'weft_retries_total')).toEqual([])
  })

  test('beyond the limit of label sets, calls are folded and the folding is told', async () => {
    const metrics = recorderOf({ maxLabelSets: 2 })
    for (let i = 0; i < 5; i++) {
      const peer = { ...reviews, workload: `forged-${i}` }
      metrics.recorder.call({ ...CALL, reporter: 'destination', peer })
    }
    const samples = await scrape(metrics)
    const byWorkload = samplesOf(samples, 'istio_requests_total').map(({ labels, value }) => [
      labels.source_workload,
      value,
    ])
    expect(byWorkload).toEqual([
      ['forged-0', 1],
      ['forged-1', 1],
      ['unknown', 3],
    ])
    expect(samplesOf(samples, 'weft_calls_folded_total')[0]?.value).toBe(3)
  })

  test('label values that need escaping survive the text format', async () => {
    const metrics = recorderOf()
    metrics.recorder.call({ ...CALL, peer: { ...reviews, workload: 'a"b\\c\nd' } })
    const [sample] = samplesOf(await scrape(metrics), 'istio_requests_total')
    expect(sample?.labels.destination_workload).toBe('a"b\\c\nd')
  })
})

describe('metrics of the mesh itself', () => {
  test('events are counted', async () => {
    const { recorder, registry } = recorderOf()
    recorder.retry('c', 'connect-failure')
    recorder.retry('c', 'connect-failure')
    recorder.retryRefused('c', 'overflow')
    recorder.overflow('c', 'pending')
    recorder.ejected('c', '10.0.0.1:80', 'consecutive_5xx')
    recorder.healthCheck('c', '10.0.0.1:80', 'timeout')
    recorder.breaker('c', 'open')
    recorder.policyApplied('Cluster', 'c', '1')
    recorder.policyApplied('Cluster', 'c', '2')
    recorder.policyRejected('Cluster', 'c', '3')
    recorder.connected('http://a', true)
    recorder.connected('http://b', true)
    recorder.connected('http://a', false)
    const samples = parseExposition(await registry.metrics()).filter(({ name }) => name.startsWith('weft_'))
    expect(samples.map(({ name, labels, value }) => `${name} ${Object.values(labels).join('|')} ${value}`)).toEqual([
      'weft_calls_folded_total  0',
      'weft_retries_total c|connect-failure 2',
      'weft_retries_refused_total c|overflow 1',
      'weft_overflow_total c|pending 1',
      'weft_endpoint_ejections_total c|consecutive_5xx 1',
      'weft_health_checks_total c|timeout 1',
      'weft_circuit_breaker_transitions_total c|open 1',
      'weft_policy_applied_total Cluster 2',
      'weft_policy_rejected_total Cluster 1',
      'weft_policy_version Cluster|c|2 1',
      'weft_control_connected http://a 0',
      'weft_control_connected http://b 1',
    ])
  })

  test('gauges tell the clusters and policies of the moment', async () => {
    const flags = { refused: false, ejected: false, unhealthy: false, draining: false }
    const healthy = { endpoint: { healthStatus: 'HEALTHY' as const }, ...flags }
    const none = { current: 0, max: UNLIMITED }
    const limits = {
      connections: { current: 3, max: 3 },
      pending: { current: 1, max: 5 },
      requests: none,
      retries: none,
    }
    const endpoints = [
      healthy,
      { ...healthy, ejected: true },
      { ...healthy, ejected: true, draining: true },
      { ...healthy, refused: true },
      { ...healthy, endpoint: { healthStatus: 'UNHEALTHY' as const } },
      { ...healthy, unhealthy: true },
    ]
    const clusters = [
      {
        name: 'a',
        config: { errorRateBreaker: {} },
        breakerState: 'half-open' as const,
        endpoints: () => endpoints,
        limits: () => limits,
      },
      {
        name: 'b',
        config: {},
        breakerState: 'closed' as const,
        endpoints: () => [],
        limits: () => ({ ...limits, connections: none, pending: none }),
      },
    ]
    const metrics = recorderOf({
      clusters: () => clusters,
      policies: () => [{ type: 'Cluster', name: 'a', version: '7' }],
    })
    metrics.recorder.policyApplied('Cluster', 'gone', '1')
    const samples = await scrape(metrics)
    const told = (name: string): string[] =>
      samplesOf(samples, name).map(({ labels, value }) => `${Object.values(labels).join(' ')} ${value}`)
    expect(told('weft_endpoints').slice(0, 5)).toEqual([
      'a draining 1',
      'a ejected 1',
      'a refused 1',
      'a unhealthy 2',
      'a healthy 1',
    ])
    expect(told('weft_endpoints')).toContain('b healthy 0')
    expect(told('weft_endpoints_ejected')).toEqual(['a 1', 'b 0'])
    expect(told('weft_circuit_breaker_state')).toEqual(['a closed 0', 'a open 0', 'a half-open 1'])
    expect(told('weft_limit_current').slice(0, 4)).toEqual([
      'a connections 3',
      'a pending 1',
      'a requests 0',
      'a retries 0',
    ])
    expect(told('weft_limit_remaining')).toEqual(['a connections 0', 'a pending 4'])
    expect(told('weft_limit_open').filter((line) => line.endsWith(' 1'))).toEqual(['a connections 1'])
    expect(told('weft_policy_version')).toEqual(['Cluster a 7 1'])
    expect(samplesOf(samples, 'istio_build')[0]?.labels).toEqual({ component: 'proxy', tag: '1.2.3' })
  })

  test("prom-client's default registry is left alone", async () => {
    recorderOf().recorder.call(CALL)
    expect(register.getMetricsAsArray()).toEqual([])
  })
})

function renamed(labels: Readonly<Record<string, string>>, from: string, to: string): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label.replace(from, to), value]))
}
