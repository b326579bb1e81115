import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  CONTROL_HEADERS,
  type Controlled,
  parseRetryOn,
  withControls,
} from '../../../../packages/mesh-client/src/call/caller-controls.ts'
import { responseOutcome } from '../../../../packages/mesh-client/src/call/outcome.ts'
import { shouldRetry } from '../../../../packages/mesh-client/src/call/retry-policy.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Vectors {
  readonly parse_retry_on: readonly { readonly value: string; readonly tokens: string[]; readonly all_valid: boolean }[]
  readonly retriable_status_codes_header: readonly {
    readonly header: string
    readonly status: number
    readonly retry: boolean
  }[]
  readonly removed_request_headers: readonly string[]
  readonly hedge: {
    readonly rows: readonly { readonly route: boolean; readonly header: string; readonly result: boolean }[]
  }
}

const vectors = readVectors<Vectors>('algorithms/retry-policy.json')

const NO_RETRIES: RetryPolicy = { ...DEFAULT_RETRY_POLICY, retryOn: [], numRetries: 0 }
const ROUTE: Controlled = { timeoutMs: 1_000, retryPolicy: NO_RETRIES, hedgeOnPerTryTimeout: false }

function asking(headers: Readonly<Record<string, string>>, route: Controlled = ROUTE): Controlled {
  return withControls(route, (name) => headers[name])
}

describe.skipIf(vectors === undefined)(vectorTitle('what a caller asks Envoy for', vectors), () => {
  test.each(vectors?.parse_retry_on ?? [])('"$value"', ({ value, tokens, all_valid }) => {
    expect(parseRetryOn(value)).toEqual({ known: tokens, allKnown: all_valid })
  })

  test.each(vectors?.retriable_status_codes_header ?? [])('codes "$header", $status', ({ header, status, retry }) => {
    const { retryPolicy } = asking({
      'x-envoy-retry-on': 'retriable-status-codes',
      'x-envoy-retriable-status-codes': header,
    })
    expect(shouldRetry(retryPolicy, { outcome: responseOutcome(status), requestStarted: true })).toBe(retry)
  })

  test.each(vectors?.hedge.rows ?? [])('hedging: route $route, header $header', ({ route, header, result }) => {
    const asked = asking({ 'x-envoy-hedge-on-per-try-timeout': header }, { ...ROUTE, hedgeOnPerTryTimeout: route })
    expect(asked.hedgeOnPerTryTimeout).toBe(result)
  })

  test.each(vectors?.removed_request_headers ?? [])('%s is not sent on', (name) => {
    expect(CONTROL_HEADERS.has(name)).toBe(true)
  })
})

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
