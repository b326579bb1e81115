import { DEFAULT_RETRY_POLICY, type HeaderMatcher, type RetryPolicy } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import {
  CONTROL_HEADERS,
  type Controlled,
  parseRetryOn,
  withControls,
} from '../../../packages/mesh-client/src/call/caller-controls.ts'
import {
  CONNECT_FAILED,
  LOCAL_OVERFLOW,
  RESET,
  responseOutcome,
} from '../../../packages/mesh-client/src/call/outcome.ts'
import { RetriableHeaders } from '../../../packages/mesh-client/src/call/retriable-headers.ts'
import { type AttemptEnd, decideRetry, shouldRetry } from '../../../packages/mesh-client/src/call/retry-policy.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface Decision {
  readonly retry_on: string
  readonly retry_grpc_on?: string
  readonly expect: 'retry' | 'no'
  readonly status?: number
  readonly grpc_status?: number
  readonly reset?: string
  readonly request_started?: boolean
  readonly response_headers?: Readonly<Record<string, string>>
  readonly retriable_status_codes?: readonly number[]
}

interface HeaderRule {
  readonly name: string
  readonly present?: boolean
  readonly exact?: string
  readonly prefix?: string
  readonly range?: readonly [number, number]
}

interface Limit {
  readonly name: string
  readonly num_retries?: number
  readonly header_max_retries?: string
  readonly responses?: readonly number[]
  readonly attempts: readonly string[]
}

interface Vectors {
  readonly decisions: readonly Decision[]
  readonly retriable_headers: {
    readonly matchers: readonly HeaderRule[]
    readonly rows: readonly (readonly [Readonly<Record<string, string>>, boolean])[]
  }
  readonly limits: readonly Limit[]
  readonly request_header_gate: { readonly origin: string; readonly rows: readonly (readonly unknown[])[] }
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

const DECISIONS: Readonly<Record<string, string>> = { retry: 'retry', exhausted: 'limit-exceeded', none: 'no' }

/** By Envoy's names of what ends a stream. */
function resetEnd(reset: string, requestStarted: boolean): AttemptEnd {
  if (reset === 'overflow') return { outcome: LOCAL_OVERFLOW, requestStarted }
  if (reset.includes('refused')) return { outcome: RESET, requestStarted, unprocessed: true }
  return { outcome: reset.startsWith('connect') ? CONNECT_FAILED : RESET, requestStarted }
}

algorithmSuite('retry-policy', 'What Envoy retries, how often, and what its callers may ask for.', vectors, () => {
  const all = vectors as Vectors
  return [
    ...all.decisions.map((row) => ({ name: nameOf(row), check: () => checkDecision(row) })),
    ...all.retriable_headers.rows.map(([headers, retried]) => ({
      name: `retriable headers ${JSON.stringify(headers)}`,
      check: () => checkHeaders(all.retriable_headers.matchers, headers, retried),
    })),
    ...all.limits.map((row) => ({ name: row.name, check: () => checkLimit(row) })),
    ...all.request_header_gate.rows.map((row) => ({
      name: `${all.request_header_gate.origin} ${JSON.stringify(row)}`,
      notApplicable: 'looks at the headers of the request, for which no resource has a field',
    })),
    ...all.parse_retry_on.map(({ value, tokens, all_valid: valid }) => ({
      name: `x-envoy-retry-on: ${value}`,
      check: () => expect(parseRetryOn(value)).toEqual({ known: tokens, allKnown: valid }),
    })),
    ...all.retriable_status_codes_header.map(({ header, status, retry }) => ({
      name: `x-envoy-retriable-status-codes: ${header}, ${status}`,
      check: () => checkCodes(header, status, retry),
    })),
    ...all.removed_request_headers.map((name) => ({
      name: `${name} is not sent on`,
      check: () => expect(CONTROL_HEADERS.has(name)).toBe(true),
    })),
    ...all.hedge.rows.map(({ route, header, result }) => ({
      name: `hedging, route ${route}, header ${header}`,
      check: () => {
        const asked = asking({ 'x-envoy-hedge-on-per-try-timeout': header }, { hedgeOnPerTryTimeout: route })
        expect(asked.hedgeOnPerTryTimeout).toBe(result)
      },
    })),
  ] satisfies AlgorithmRow[]
})

function asking(headers: Readonly<Record<string, string>>, route: Partial<Controlled>): Controlled {
  const none = { ...DEFAULT_RETRY_POLICY, retryOn: [], numRetries: 0 }
  return withControls(
    { timeoutMs: 1_000, retryPolicy: none, hedgeOnPerTryTimeout: false, ...route },
    (name) => headers[name],
  )
}

function policyOf(retryOn: readonly string[], more: Partial<RetryPolicy> = {}): RetryPolicy {
  return { ...DEFAULT_RETRY_POLICY, retryOn, retriableStatusCodes: [], numRetries: 2, ...more }
}

function nameOf({ retry_on: on, retry_grpc_on: grpc = '', expect: _, ...end }: Decision): string {
  return `${[on, grpc].filter((text) => text !== '').join(',')}: ${JSON.stringify(end)}`
}

function checkDecision(row: Decision): void {
  const conditions = `${row.retry_on},${row.retry_grpc_on ?? ''}`.split(',').filter((text) => text !== '')
  const policy = policyOf(conditions, { retriableStatusCodes: row.retriable_status_codes ?? [] })
  expect(shouldRetry(policy, endOf(row))).toBe(row.expect === 'retry')
}

function endOf(row: Decision): AttemptEnd {
  if (row.reset !== undefined) return resetEnd(row.reset, row.request_started ?? false)
  return {
    outcome: responseOutcome(row.status ?? 0),
    requestStarted: true,
    grpcStatus: row.grpc_status === undefined ? undefined : String(row.grpc_status),
    rateLimited: row.response_headers?.['x-envoy-ratelimited'] !== undefined,
  }
}

function checkHeaders(rules: readonly HeaderRule[], headers: Readonly<Record<string, string>>, retried: boolean): void {
  const policy = policyOf(['retriable-headers'], { retriableHeaders: rules.map(matcherOf) })
  const status = Number(headers[':status'])
  const retriableHeader = new RetriableHeaders().hold(policy, status, (name) => headers[name])
  const end: AttemptEnd = { outcome: responseOutcome(status), requestStarted: true, retriableHeader }
  expect(shouldRetry(policy, end)).toBe(retried)
  expect(shouldRetry({ ...policy, retryOn: ['reset'] }, end)).toBe(false)
}

/** Half-open ranges, which the wire does not have, as a pattern. */
function matcherOf({ name, exact, prefix, range }: HeaderRule): HeaderMatcher {
  if (exact !== undefined) return { name, stringMatch: { exact } }
  if (prefix !== undefined) return { name, stringMatch: { prefix } }
  if (range === undefined) return { name }
  const numbers = Array.from({ length: range[1] - range[0] }, (_, index) => range[0] + index)
  return { name, stringMatch: { regex: numbers.join('|') } }
}

function checkLimit({ num_retries, header_max_retries, responses, attempts }: Limit): void {
  const route = policyOf(['5xx'], { numRetries: num_retries ?? 1, avoidPreviousHosts: false })
  const headers = header_max_retries === undefined ? {} : { 'x-envoy-max-retries': header_max_retries }
  const { retryPolicy } = asking(headers, { retryPolicy: route })
  const progress = { safe: true, responseStarted: true, untriedLeft: true, moves: 0, resent: false }
  const decided = attempts.map((_, retries) => {
    const outcome = responseOutcome(responses?.[retries] ?? 503)
    return DECISIONS[decideRetry(retryPolicy, { outcome, requestStarted: true }, { ...progress, retries })]
  })
  expect(decided).toEqual(attempts)
}

function checkCodes(header: string, status: number, retry: boolean): void {
  const asked = { 'x-envoy-retry-on': 'retriable-status-codes', 'x-envoy-retriable-status-codes': header }
  const end = { outcome: responseOutcome(status), requestStarted: true }
  expect(shouldRetry(asking(asked, {}).retryPolicy, end)).toBe(retry)
}
