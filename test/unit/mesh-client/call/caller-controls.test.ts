import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { type Controlled, withControls } from '../../../../packages/mesh-client/src/call/caller-controls.ts'

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
