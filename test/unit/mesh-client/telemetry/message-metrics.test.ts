import { expect, test } from 'vitest'
import { peerOf } from '../../../../packages/mesh-client/src/kernel/peer-header.ts'
import type { CallRecord, MessagesRecord } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { createPrometheusRecorder } from '../../../../packages/mesh-client/src/telemetry/prometheus-recorder.ts'
import { type ExposedSample, parseExposition, samplesOf } from '../../../support/exposition.ts'

const self = peerOf({ name: 'reviews-v1', namespace: 'shop' }, { app: 'reviews', version: 'v1' }, 'main')
const ratings = peerOf({ name: 'ratings-v2', namespace: 'shop' }, { app: 'ratings', version: 'v2' }, 'main')
const service = { host: 'ratings.shop.svc.cluster.local', name: 'ratings', namespace: 'shop' }

const CALL: CallRecord = {
  reporter: 'source',
  protocol: 'grpc',
  service,
  peer: ratings,
  status: 200,
  grpcStatus: '0',
  flags: '-',
  durationMs: 1,
  requestBytes: 1,
  responseBytes: 1,
  requestMessages: 1,
  responseMessages: 1,
}
const RUNNING: MessagesRecord = { reporter: 'source', service, peer: ratings, requestMessages: 10, responseMessages: 0 }
const REQUESTS = 'istio_request_messages_total'
const RESPONSES = 'istio_response_messages_total'

const metricsOf = (maxLabelSets?: number) =>
  createPrometheusRecorder({ self, build: '1', ...(maxLabelSets === undefined ? {} : { maxLabelSets }) })

const scrape = async ({ registry }: ReturnType<typeof metricsOf>): Promise<ExposedSample[]> =>
  parseExposition(await registry.metrics())

const values = (samples: readonly ExposedSample[], name: string): number[] =>
  samplesOf(samples, name).map(({ value }) => value)

test('messages have the labels that are known before a call has ended (Istio, Kiali)', async () => {
  const metrics = metricsOf()
  metrics.recorder.call(CALL)
  const [told] = samplesOf(await scrape(metrics), REQUESTS)
  expect(told).toEqual({
    name: REQUESTS,
    value: 1,
    labels: {
      reporter: 'source',
      source_workload: 'reviews-v1',
      source_workload_namespace: 'shop',
      source_principal: 'unknown',
      source_app: 'reviews',
      source_version: 'v1',
      source_canonical_service: 'reviews',
      source_canonical_revision: 'v1',
      source_cluster: 'main',
      destination_workload: 'ratings-v2',
      destination_workload_namespace: 'shop',
      destination_principal: 'unknown',
      destination_app: 'ratings',
      destination_version: 'v2',
      destination_canonical_service: 'ratings',
      destination_canonical_revision: 'v2',
      destination_cluster: 'main',
      destination_service: service.host,
      destination_service_name: 'ratings',
      destination_service_namespace: 'shop',
    },
  })
})

test('what a stream tells on its way and at its end adds up, whatever it ends with', async () => {
  const metrics = metricsOf()
  metrics.recorder.messages(RUNNING)
  metrics.recorder.messages({ ...RUNNING, peer: { ...ratings }, requestMessages: 5, responseMessages: 2 })
  metrics.recorder.call({ ...CALL, grpcStatus: '14', status: 0, flags: 'UC', requestMessages: 3, responseMessages: 1 })
  metrics.recorder.call(CALL)
  const samples = await scrape(metrics)
  expect(values(samples, REQUESTS)).toEqual([19])
  expect(values(samples, RESPONSES)).toEqual([4])
  expect(values(samples, 'istio_requests_total')).toEqual([1, 1])
})

test.each<[string, Partial<CallRecord>]>([
  ['reporter', { reporter: 'destination' }],
  ['peer', { peer: { ...ratings, version: 'v3' } }],
  ['proven identity', { peer: { ...ratings, mutualTls: { peer: 'spiffe://a', own: 'spiffe://b' } } }],
  ['service', { service: { ...service, host: 'other.shop.svc.cluster.local' } }],
])('another %s is another series', async (_, change) => {
  const metrics = metricsOf()
  metrics.recorder.call(CALL)
  metrics.recorder.call({ ...CALL, ...change, requestMessages: 7 })
  expect(values(await scrape(metrics), REQUESTS)).toEqual([1, 7])
})

test('HTTP has no series of messages', async () => {
  const metrics = metricsOf()
  const { requestMessages: _request, responseMessages: _response, ...bare } = CALL
  metrics.recorder.call({ ...bare, protocol: 'http', grpcStatus: undefined })
  const samples = await scrape(metrics)
  expect(values(samples, REQUESTS)).toEqual([])
  expect(values(samples, 'istio_requests_total')).toEqual([1])
})

test('the status of gRPC is a number, and absent where nothing was answered', async () => {
  const metrics = metricsOf()
  metrics.recorder.call(CALL)
  metrics.recorder.call({ ...CALL, grpcStatus: '7' })
  metrics.recorder.call({ ...CALL, status: 0, grpcStatus: '', flags: 'DC' })
  const told = samplesOf(await scrape(metrics), 'istio_requests_total', { request_protocol: 'grpc' })
  expect(told.map(({ labels }) => labels.grpc_response_status)).toEqual(['0', '7', ''])
})

test('label sets are limited: what is beyond counts for nobody', async () => {
  const metrics = metricsOf(2)
  for (let i = 0; i < 5; i++) {
    metrics.recorder.messages({ ...RUNNING, reporter: 'destination', peer: { ...ratings, workload: `forged-${i}` } })
  }
  const told = samplesOf(await scrape(metrics), REQUESTS).map(({ labels, value }) => [labels.source_workload, value])
  expect(told).toEqual([
    ['forged-0', 10],
    ['forged-1', 10],
    ['unknown', 30],
  ])
})

test('resetMetrics starts again', async () => {
  const metrics = metricsOf()
  metrics.recorder.call(CALL)
  metrics.registry.resetMetrics()
  expect(values(await scrape(metrics), REQUESTS)).toEqual([0])
  metrics.recorder.call(CALL)
  expect(values(await scrape(metrics), REQUESTS)).toEqual([1])
})
