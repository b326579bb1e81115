import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Cluster } from '@weft/mesh-protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTracing } from '../../packages/mesh-client/src/telemetry/otel-tracing.ts'
import { grpcCall, sayGrpc } from '../support/grpc-requests.ts'
import { sayHttp2, startHttp2Upstream } from '../support/http2-upstream.ts'
import { registerOtel, type TestOtel } from '../support/otel.ts'
import { outboundHarness, startUpstream } from '../support/outbound.ts'

// Where undici is instrumented, it writes the headers of the requests that it sees; of the others the mesh has to.
let otel: TestOtel
const instrumentation = (): void => undefined
const tracing = createTracing('1', () => false)

beforeAll(() => {
  otel = registerOtel()
  subscribe('undici:request:create', instrumentation)
})

afterAll(() => {
  unsubscribe('undici:request:create', instrumentation)
  otel.unregister()
})

test.each<Cluster['protocol']>(['http2', 'grpc'])('requests to a cluster of %s carry their trace', async (protocol) => {
  await using up = await startHttp2Upstream(sayHttp2('ok'))
  await using mesh = outboundHarness({ endpoints: [up.endpoint], cluster: { protocol }, tracing })
  await (await mesh.outbound.fetch('http://reviews/')).text()
  expect(up.seen[0]?.traceparent).toMatch(/^00-/)
})

test('calls of gRPC carry their trace wherever they go', async () => {
  await using up = await startHttp2Upstream(sayGrpc(['ok']))
  await using mesh = outboundHarness({ endpoints: [up.endpoint], tracing })
  await grpcCall(mesh.outbound)
  expect(up.seen[0]?.traceparent).toMatch(/^00-/)
})

test('requests that go by undici are left to its instrumentation', async () => {
  await using up = await startUpstream((_request, response) => response.end('ok'))
  await using mesh = outboundHarness({ endpoints: [up.endpoint], tracing })
  await (await mesh.outbound.fetch('http://reviews/')).text()
  expect(up.seen[0]?.headers).not.toHaveProperty('traceparent')
})
