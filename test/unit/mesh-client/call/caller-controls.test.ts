import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  CONTROL_HEADERS,
  type Controlled,
  parseRetryOn,
  withControls,
} from '../../../../packages/mesh-client/src/call/caller-controls.ts'

const NO_RETRIES: RetryPolicy = { ...DEFAULT_RETRY_POLICY, retryOn: [], numRetries: 0 }
const ROUTE: Controlled = { timeoutMs: 1_000, retryPolicy: NO_RETRIES, hedgeOnPerTryTimeout: false }

function asking(headers: Readonly<Record<string, string>>, route: Controlled = ROUTE): Controlled {
  return withControls(route, (name) => headers[name])
}

describe('withControls', () => {
  test('adds to the conditions of the route', () => {
    const route = { ...ROUTE, retryPolicy: { ...NO_RETRIES, retryOn: ['reset'], numRetries: 2 } }
    const { retryPolicy } = asking(
      { 'x-envoy-retry-on': '5xx,unknown', 'x-envoy-retry-grpc-on': 'internal,5xx' },
      route,
    )
    expect(retryPolicy).toMatchObject({ retryOn: ['reset', '5xx', 'internal'], numRetries: 2 })
  })

  test('gives a call that asks for retries one, where its route has none', () => {
    expect(asking({ 'x-envoy-retry-on': '5xx' }).retryPolicy.numRetries).toBe(1)
    expect(asking({ 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '4' }).retryPolicy.numRetries).toBe(4)
    expect(asking({ 'x-envoy-max-retries': '-1' }).retryPolicy.numRetries).toBe(0)
  })

  test('takes names of response headers whose presence is enough', () => {
    const asked = asking({
      'x-envoy-retry-on': 'retriable-headers',
      'x-envoy-retriable-header-names': 'X-Again, x-more',
    })
    expect(asked.retryPolicy.retriableHeaders).toEqual([{ name: 'x-again' }, { name: 'x-more' }])
  })

  test('leaves alone what nobody asks for', () => {
    expect(asking({ 'x-envoy-upstream-rq-timeout-ms': 'soon' })).toEqual(ROUTE)
  })
})

describe('what a caller may say', () => {
  const limit = (headers: Readonly<Record<string, string>>, timeoutMs = 1_000): number =>
    asking(headers, { ...ROUTE, timeoutMs }).timeoutMs

  test.each<[string, Readonly<Record<string, string>>, number, number]>([
    ['a limit over that of the route', { 'x-envoy-upstream-rq-timeout-ms': '5000' }, 1_000, 5_000],
    ['none at all', { 'x-envoy-upstream-rq-timeout-ms': '0' }, 1_000, 0],
    ['one of many days', { 'x-envoy-upstream-rq-timeout-ms': '10000000000' }, 1_000, 10_000_000_000],
    ['nothing that can be read', { 'x-envoy-upstream-rq-timeout-ms': '-1' }, 1_000, 1_000],
    [
      'by gRPC, at most what the route says',
      { 'content-type': 'application/grpc', 'grpc-timeout': '5S' },
      1_000,
      1_000,
    ],
    ['by gRPC, less', { 'content-type': 'application/grpc+proto', 'grpc-timeout': '5m' }, 1_000, 5],
    ['by gRPC, on a route without a limit', { 'content-type': 'application/grpc', 'grpc-timeout': '5S' }, 0, 5_000],
    ['by gRPC, 0, which is none', { 'content-type': 'application/grpc', 'grpc-timeout': '0S' }, 1_000, 1_000],
    [
      'by gRPC-Web, which is another protocol',
      { 'content-type': 'application/grpc-web', 'grpc-timeout': '5m' },
      1_000,
      1_000,
    ],
    ['by gRPC without its type', { 'grpc-timeout': '5m' }, 1_000, 1_000],
  ])('of time: %s', (_, headers, route, expected) => {
    expect(limit(headers, route)).toBe(expected)
  })

  test.each<[string, readonly string[], boolean]>([
    ['5xx,reset', ['5xx', 'reset'], true],
    [' 5xx , unavailable ', ['5xx', 'unavailable'], true],
    ['5XX', [], false],
    ['5xx,,', ['5xx'], true],
    ['', [], true],
    ['retriable-4xx,nonsense', ['retriable-4xx'], false],
  ])('of conditions: "%s"', (value, known, allKnown) => {
    expect(parseRetryOn(value)).toEqual({ known, allKnown })
  })

  test.each([
    ['0', 0],
    ['+3', 3],
    ['4294967295', 4_294_967_295],
    ['4294967296', 2],
    ['-1', 2],
    ['many', 2],
  ])('of retries: "%s", where the route has 2', (header, expected) => {
    const route = { ...ROUTE, retryPolicy: { ...NO_RETRIES, retryOn: ['5xx'], numRetries: 2 } }
    expect(asking({ 'x-envoy-max-retries': header }, route).retryPolicy.numRetries).toBe(expected)
  })

  test.each<[string, readonly number[]]>([
    ['503', [503]],
    ['503, 409', [503, 409]],
    ['503 or so,409', [409]],
    ['-503', []],
    ['', []],
  ])('of status codes: "%s"', (header, codes) => {
    const { retryPolicy } = asking({ 'x-envoy-retriable-status-codes': header })
    expect(retryPolicy.retriableStatusCodes).toEqual(codes)
  })

  test.each<[string, boolean, boolean]>([
    ['true', false, true],
    ['false', true, false],
    ['TRUE', false, false],
    ['', true, true],
  ])('of hedging: "%s" on a route with %s', (header, route, expected) => {
    const asked = asking({ 'x-envoy-hedge-on-per-try-timeout': header }, { ...ROUTE, hedgeOnPerTryTimeout: route })
    expect(asked.hedgeOnPerTryTimeout).toBe(expected)
  })

  test('is not sent on', () => {
    for (const name of ['retry-on', 'max-retries', 'upstream-rq-timeout-ms', 'hedge-on-per-try-timeout']) {
      expect(CONTROL_HEADERS.has(`x-envoy-${name}`)).toBe(true)
    }
    expect(CONTROL_HEADERS.has('x-envoy-expected-rq-timeout-ms')).toBe(false)
  })
})
