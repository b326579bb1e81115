import { DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { createEndpointRecord } from '../../../../packages/mesh-client/src/cluster/endpoint-record.ts'
import { LoadObserver } from '../../../../packages/mesh-client/src/cluster/load-observer.ts'
import { wireEndpoint } from '../../../support/wire.ts'

const AT_ONCE = { ...DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN, blackoutPeriodMs: 0 }

test('a report counts whatever the status, and that of the trailers last', () => {
  const state = createEndpointRecord(wireEndpoint(1), 0)
  const observer = new LoadObserver(AT_ONCE)
  const weight = (): number | undefined => state.reportedLoad?.weightAt(5, AT_ONCE)

  observer.answered(state, 0, 1, 503, { 'endpoint-load-metrics': 'TEXT rps_fractional=10,cpu_utilization=0.5' })
  expect(weight()).toBe(20)
  observer.trailed(state, 2, { 'endpoint-load-metrics': 'TEXT rps_fractional=10,cpu_utilization=1' })
  expect(weight()).toBe(10)
})

test('what is no report, or says nothing of the load, changes nothing', () => {
  const state = createEndpointRecord(wireEndpoint(1), 0)
  const observer = new LoadObserver(AT_ONCE)
  for (const value of [undefined, 'TEXT cpu_utilization=0.5', 'JSON {', 'TEXT rps_fractional=1']) {
    observer.answered(state, 0, 1, 200, { 'endpoint-load-metrics': value })
    observer.trailed(state, 1, {})
    observer.ended()
  }
  expect(state.reportedLoad).toBeUndefined()
})
