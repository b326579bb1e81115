import { DEFAULT_PEAK_EWMA } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { createEndpointRecord } from '../../../../packages/mesh-client/src/cluster/endpoint-record.ts'
import { LatencyObserver } from '../../../../packages/mesh-client/src/cluster/latency-observer.ts'
import type { AnswerHeaders, EndpointState, Outcome } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { wireEndpoint } from '../../../support/wire.ts'

const { decayTimeMs, failurePenaltyMs } = DEFAULT_PEAK_EWMA

function scene(): { state: EndpointState; observer: LatencyObserver; latency: (now: number) => number | undefined } {
  const state = createEndpointRecord(wireEndpoint(1), 0)
  return {
    state,
    observer: new LatencyObserver(DEFAULT_PEAK_EWMA, fakeClock().clock),
    latency: (now) => state.latency?.at(now, decayTimeMs),
  }
}

test.each<[string, number, AnswerHeaders, number]>([
  ['an answer counts as the time it took', 200, {}, 30],
  ['and so does one that blames the caller', 404, {}, 30],
  ['a failure counts as the penalty', 500, {}, failurePenaltyMs],
  ['a failed gRPC call too', 200, { 'grpc-status': '14' }, failurePenaltyMs],
  ['a pause that is asked for counts as it is', 503, { 'retry-after': '60' }, 60_000],
  ['also of who limits rates', 429, { 'retry-after': '60' }, 60_000],
  ['but of nobody else', 500, { 'retry-after': '60' }, failurePenaltyMs],
  ['and never for more than five minutes', 503, { 'retry-after': '86400' }, 300_000],
])('%s', (_, status, headers, expected) => {
  const { state, observer, latency } = scene()
  observer.answered(state, 100, 130, status, headers)
  expect(latency(130)).toBe(expected)
})

test.each<[string, Outcome, number | undefined]>([
  ['a refused connection', { kind: 'connectFailure', refused: true }, failurePenaltyMs],
  ['a broken connection', { kind: 'reset' }, failurePenaltyMs],
  ['a time limit', { kind: 'timeout' }, failurePenaltyMs],
  ['a caller who leaves, as long as that is more than what was thought', { kind: 'aborted' }, 30],
  ['a limit of this side says nothing', { kind: 'localOverflow' }, undefined],
])('without an answer: %s', (_, outcome, expected) => {
  const { state, observer, latency } = scene()
  observer.ended(state, 100, 130, outcome)
  expect(latency(130)).toBe(expected)
})

test.each([
  [{}, 30],
  [{ 'grpc-status': '0' }, 30],
  [{ 'grpc-status': '7' }, 30],
  [{ 'grpc-status': '14' }, failurePenaltyMs],
])('trailers %j after a head of 30 ms leave %j', (trailers, expected) => {
  const { state, observer, latency } = scene()
  observer.answered(state, 100, 130, 200, {})
  observer.trailed(state, 130, trailers)
  expect(latency(130)).toBe(expected)
})

test('a caller who leaves soon makes an endpoint look no better', () => {
  const { state, observer, latency } = scene()
  observer.answered(state, 0, 500, 200, {})
  observer.ended(state, 500, 501, { kind: 'aborted' })
  expect(latency(501)).toBeCloseTo(500 * Math.exp(-1 / decayTimeMs), 9)
})

test('a failure never makes one look better either', () => {
  const { state, observer, latency } = scene()
  observer.answered(state, 0, 100, 503, { 'retry-after': '120' })
  observer.answered(state, 100, 101, 500, {})
  expect(latency(101)).toBeGreaterThanOrEqual(120_000 * Math.exp(-1 / decayTimeMs))
})
