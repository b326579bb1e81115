import { type Attributes, metrics } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { type CallRecord, nullRecorder } from '../../../../packages/mesh-client/src/kernel/recorder.ts'
import { createRpcMetrics } from '../../../../packages/mesh-client/src/telemetry/rpc-metrics.ts'
import { registerMeters, type TestMeters } from '../../../support/otel.ts'

const METHOD = 'shop.v1.Ratings/GetRating'
const RPC = { host: 'ratings', port: 9090, path: `/${METHOD}` }
const CALL: CallRecord = {
  reporter: 'source',
  protocol: 'grpc',
  service: undefined,
  peer: undefined,
  status: 200,
  grpcStatus: '0',
  flags: '-',
  durationMs: 20,
  requestBytes: 1,
  responseBytes: 1,
  rpc: RPC,
}

const recorderOf = () => createRpcMetrics('1.2.3') ?? nullRecorder

let meters: TestMeters | undefined

const register = (): TestMeters => {
  meters = registerMeters()
  return meters
}

afterEach(() => meters?.unregister())

test('the two histograms are those of the conventions', async () => {
  const { histograms } = register()
  const recorder = recorderOf()
  recorder.call(CALL)
  recorder.call({ ...CALL, reporter: 'destination' })
  const told = await histograms()
  expect(told.map(({ name }) => name)).toEqual(['rpc.client.call.duration', 'rpc.server.call.duration'])
  for (const { scope, unit, bounds } of told) {
    expect({ scope, unit }).toEqual({ scope: '@weft/mesh-client 1.2.3', unit: 's' })
    expect(bounds).toEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10])
  }
})

test.each<[string, Partial<CallRecord>, Attributes]>([
  ['a call', {}, { 'rpc.method': METHOD, 'rpc.status_code': 'OK', 'server.address': 'ratings', 'server.port': 9090 }],
  [
    'a call that failed',
    { grpcStatus: '5' },
    {
      'rpc.method': METHOD,
      'rpc.status_code': 'NOT_FOUND',
      'error.type': 'NOT_FOUND',
      'server.address': 'ratings',
      'server.port': 9090,
    },
  ],
  [
    'a call that reached nobody',
    { status: 0, grpcStatus: undefined, flags: 'UF' },
    {
      'rpc.method': METHOD,
      'rpc.status_code': 'UNAVAILABLE',
      'error.type': 'UNAVAILABLE',
      'server.address': 'ratings',
      'server.port': 9090,
    },
  ],
  [
    'a served call that failed by its caller',
    { reporter: 'destination', grpcStatus: '5' },
    { 'rpc.method': METHOD, 'rpc.status_code': 'NOT_FOUND' },
  ],
  [
    'a served call that failed',
    { reporter: 'destination', grpcStatus: '13' },
    { 'rpc.method': METHOD, 'rpc.status_code': 'INTERNAL', 'error.type': 'INTERNAL' },
  ],
  [
    'a method that a stranger made up',
    { reporter: 'destination', grpcStatus: '12', rpc: { ...RPC, path: '/made.Up/Name1' } },
    { 'rpc.method': '_OTHER', 'rpc.status_code': 'UNIMPLEMENTED', 'error.type': 'UNIMPLEMENTED' },
  ],
  [
    'a method that the server is known not to have',
    { reporter: 'destination', grpcStatus: '7', rpc: { ...RPC, isKnownMethod: false } },
    { 'rpc.method': '_OTHER', 'rpc.status_code': 'PERMISSION_DENIED' },
  ],
])('%s is told in seconds, by method and status', async (_, change, attributes) => {
  const { histograms } = register()
  recorderOf().call({ ...CALL, ...change })
  const name = change.reporter === 'destination' ? 'rpc.server.call.duration' : 'rpc.client.call.duration'
  const told = await histograms()
  expect(told).toMatchObject([{ name, count: 1, sum: 0.02 }])
  expect(told[0]?.attributes).toEqual({ 'rpc.system.name': 'grpc', ...attributes })
})

test('HTTP is not told, and nothing is where no provider is', async () => {
  const recorder = recorderOf()
  recorder.call(CALL)
  const { histograms } = register()
  const { rpc: _rpc, ...http } = CALL
  recorder.call({ ...http, protocol: 'http', grpcStatus: undefined })
  expect(await histograms()).toEqual([])
})

test('a provider that comes later, goes and comes again is seen each time', async () => {
  const recorder = recorderOf()
  recorder.call(CALL)
  for (let round = 0; round < 2; round++) {
    const { histograms, unregister } = register()
    recorder.call(CALL)
    recorder.call(CALL)
    const counts = async (): Promise<number[]> => (await histograms()).map(({ count }) => count)
    expect(await counts()).toEqual([2])
    metrics.disable()
    recorder.call(CALL)
    expect(await counts()).toEqual([2])
    await unregister()
  }
})
