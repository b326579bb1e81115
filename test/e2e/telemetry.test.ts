import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ExposedSample, parseExposition, samplesOf } from '../support/exposition.ts'
import { registerOtel, type TestOtel } from '../support/otel.ts'
import { poll } from '../support/poll.ts'

// productpage → reviews → ratings, each a mesh of its own in this process, so that the spans meet in one exporter.
let control: ControlServer
let otel: TestOtel
let productpage: Mesh
let reviews: Mesh
let ratings: Mesh
const LOOPBACK = { host: '127.0.0.1' }
const seenByRatings: string[][] = []

beforeAll(async () => {
  otel = registerOtel()
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  const join = (service: string, version: string): Mesh => createMesh({ control: control.url, service, version })
  ratings = join('ratings', 'v1')
  await ratings.serve((request, response) => {
    seenByRatings.push(request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
    response.end('5 stars')
  }, LOOPBACK)
  reviews = join('reviews', 'v2')
  await reviews.serve(async (_, response) => {
    const answer = await reviews.fetch('http://ratings/ratings/7')
    response.writeHead(answer.status)
    response.end(await answer.text())
  }, LOOPBACK)
  productpage = join('productpage', 'v1')
  await poll(async () => {
    const answer = await productpage.fetch('http://reviews/reviews/0')
    return (await answer.text()) === '5 stars'
  }, 'a first answer')
})

afterAll(async () => {
  await Promise.all([productpage?.close(), reviews?.close(), ratings?.close()])
  await control?.close()
  otel?.unregister()
})

const scrape = async (mesh: Mesh): Promise<ExposedSample[]> => parseExposition(await mesh.metrics.metrics())

test('both sides report a call with the labels of both', async () => {
  await (await productpage.fetch('http://reviews/reviews/7', { method: 'POST', body: 'x'.repeat(3000) })).text()
  const labels = {
    source_workload: 'productpage-v1',
    source_workload_namespace: 'default',
    source_app: 'productpage',
    source_version: 'v1',
    source_canonical_service: 'productpage',
    source_canonical_revision: 'v1',
    source_cluster: 'Kubernetes',
    destination_workload: 'reviews-v2',
    destination_workload_namespace: 'default',
    destination_app: 'reviews',
    destination_version: 'v2',
    destination_canonical_service: 'reviews',
    destination_canonical_revision: 'v2',
    destination_cluster: 'Kubernetes',
    destination_service: 'reviews.default.svc.cluster.local',
    destination_service_name: 'reviews',
    destination_service_namespace: 'default',
    request_protocol: 'http',
    response_code: '200',
    response_flags: '-',
  }
  for (const [mesh, own] of [
    [productpage, { reporter: 'source', connection_security_policy: 'unknown' }],
    [reviews, { reporter: 'destination', connection_security_policy: 'none' }],
  ] as const) {
    // The server counts when the response is through, which may be after the client has it.
    const samples = await poll(async () => {
      const scraped = await scrape(mesh)
      const [sum] = samplesOf(scraped, 'istio_request_bytes_sum', { ...labels, ...own })
      return sum !== undefined && sum.value > 3000 ? scraped : undefined
    }, `the ${own.reporter}'s report`)
    const [count] = samplesOf(samples, 'istio_requests_total', { ...labels, ...own })
    const [duration] = samplesOf(samples, 'istio_request_duration_milliseconds_count', { ...labels, ...own })
    expect(count?.value).toBeGreaterThanOrEqual(2)
    expect(duration?.value).toBe(count?.value)
    expect(count?.labels).toMatchObject({ grpc_response_status: '', source_principal: 'unknown' })
  }
})

test('what the mesh itself does is told', async () => {
  const samples = await scrape(productpage)
  expect(samplesOf(samples, 'weft_control_connected').map(({ value }) => value)).toEqual([1])
  expect(samplesOf(samples, 'weft_policy_version').map(({ labels }) => labels.type)).toContain('RouteConfiguration')
  expect(samplesOf(samples, 'weft_endpoints', { state: 'healthy' }).map(({ value }) => value)).toEqual([1])
  expect(samplesOf(samples, 'istio_build')[0]?.labels.tag).toMatch(/^\d+\.\d+\.\d+/)
})

test('the spans of a chain of calls hang together, and each hop has one header', async () => {
  const before = otel.spans().length
  await (await productpage.fetch('http://reviews/reviews/7?full')).text()
  const spans = await poll(() => {
    const added = otel.spans().slice(before)
    return added.length >= 4 ? added : undefined
  }, 'four spans')
  const one = (kind: SpanKind, parent: ReadableSpan | undefined): ReadableSpan => {
    const found = spans.filter(
      (span) => span.kind === kind && span.parentSpanContext?.spanId === parent?.spanContext().spanId,
    )
    expect(found).toHaveLength(1)
    return found[0] as ReadableSpan
  }
  const outer = one(SpanKind.CLIENT, undefined)
  const served = one(SpanKind.SERVER, outer)
  const inner = one(SpanKind.CLIENT, served)
  one(SpanKind.SERVER, inner)
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1)
  expect(outer.attributes).toMatchObject({
    'server.address': 'reviews',
    'server.port': 80,
    'url.full': 'http://reviews/reviews/7?full',
    'http.response.status_code': 200,
    'network.peer.address': '127.0.0.1',
  })
  expect(served.attributes).toMatchObject({ 'url.path': '/reviews/7', 'url.query': 'full' })
  const headers = seenByRatings.at(-1) ?? []
  expect(headers.filter((name) => name === 'traceparent')).toHaveLength(1)
  expect(headers.filter((name) => name.startsWith('x-weft-'))).toEqual([])
})

test('a call that reaches nobody is reported by the client alone', async () => {
  await ratings.close()
  await poll(async () => (await productpage.fetch('http://reviews/')).status === 503, 'no endpoint of ratings')
  const wanted = { destination_service_name: 'ratings', response_code: '503', response_flags: 'UH' }
  const [told] = samplesOf(await scrape(reviews), 'istio_requests_total', wanted)
  expect(told?.labels).toMatchObject({ reporter: 'source', destination_workload: 'unknown' })
  expect(samplesOf(await scrape(ratings), 'istio_requests_total', wanted)).toEqual([])
})
