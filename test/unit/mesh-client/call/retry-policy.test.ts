import {
  DEFAULT_RETRY_POLICY,
  type HeaderMatcher,
  HOST_SELECTION_RETRY_MAX_ATTEMPTS,
  type RetryPolicy,
} from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { withControls } from '../../../../packages/mesh-client/src/call/caller-controls.ts'
import {
  ABORTED,
  CONNECT_FAILED,
  LOCAL_OVERFLOW,
  REFUSED,
  RESET,
  responseOutcome,
  TIMED_OUT,
} from '../../../../packages/mesh-client/src/call/outcome.ts'
import { RetriableHeaders } from '../../../../packages/mesh-client/src/call/retriable-headers.ts'
import {
  type AttemptEnd,
  decideRetry,
  type RetryProgress,
  shouldRetry,
} from '../../../../packages/mesh-client/src/call/retry-policy.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Row {
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
  readonly decisions: Row[]
  readonly retriable_headers: {
    readonly matchers: readonly HeaderRule[]
    readonly rows: readonly (readonly [Readonly<Record<string, string>>, boolean])[]
  }
  readonly limits: readonly Limit[]
}

const vectors = readVectors<Vectors>('algorithms/retry-policy.json')

const RESETS: Readonly<Record<string, AttemptEnd['outcome']>> = {
  'refused-stream': REFUSED,
  overflow: LOCAL_OVERFLOW,
  'remote-reset': RESET,
  'connect-failure': CONNECT_FAILED,
}

function policyOf(retryOn: readonly string[], codes: readonly number[] = [], numRetries = 2): RetryPolicy {
  return { ...DEFAULT_RETRY_POLICY, retryOn, retriableStatusCodes: codes, numRetries }
}

function conditions(row: Row): string[] {
  return [row.retry_on, row.retry_grpc_on ?? ''].flatMap((text) => text.split(',')).filter((text) => text !== '')
}

function endOf(row: Row): AttemptEnd {
  if (row.reset !== undefined) {
    return { outcome: RESETS[row.reset] ?? ABORTED, requestStarted: row.request_started ?? false }
  }
  return {
    outcome: responseOutcome(row.status ?? 0),
    requestStarted: true,
    grpcStatus: row.grpc_status === undefined ? undefined : String(row.grpc_status),
    rateLimited: row.response_headers?.['x-envoy-ratelimited'] !== undefined,
  }
}

describe.skipIf(vectors === undefined)(vectorTitle("Envoy's own decisions", vectors), () => {
  test.each(vectors?.decisions ?? [])('$retry_on $retry_grpc_on $status $reset', (row) => {
    const policy = policyOf(conditions(row), row.retriable_status_codes)
    expect(shouldRetry(policy, endOf(row))).toBe(row.expect === 'retry')
  })
})

/** Half-open ranges, which the wire does not have, as a pattern. */
function matcherOf({ name, exact, prefix, range }: HeaderRule): HeaderMatcher {
  if (exact !== undefined) return { name, stringMatch: { exact } }
  if (prefix !== undefined) return { name, stringMatch: { prefix } }
  if (range === undefined) return { name }
  const numbers = Array.from({ length: range[1] - range[0] }, (_, index) => range[0] + index)
  return { name, stringMatch: { regex: numbers.join('|') } }
}

describe.skipIf(vectors === undefined)(vectorTitle('retriable headers', vectors), () => {
  const policy: RetryPolicy = {
    ...policyOf(['retriable-headers']),
    retriableHeaders: (vectors?.retriable_headers.matchers ?? []).map(matcherOf),
  }

  test.each((vectors?.retriable_headers.rows ?? []).map(([headers, retried]) => ({ headers, retried })))(
    '$headers',
    ({ headers, retried }) => {
      const status = Number(headers[':status'])
      const retriableHeader = new RetriableHeaders().hold(policy, status, (name) => headers[name])
      const end: AttemptEnd = { outcome: responseOutcome(status), requestStarted: true, retriableHeader }
      expect(shouldRetry(policy, end)).toBe(retried)
      expect(shouldRetry({ ...policy, retryOn: ['reset'] }, end)).toBe(false)
    },
  )
})

describe.skipIf(vectors === undefined)(vectorTitle('how many retries', vectors), () => {
  const DECISIONS: Readonly<Record<string, string>> = { retry: 'retry', exhausted: 'limit-exceeded', none: 'no' }

  test.each(vectors?.limits ?? [])('$name', ({ num_retries, header_max_retries, responses, attempts }) => {
    const route = { ...policyOf(['5xx'], [], num_retries ?? 1), avoidPreviousHosts: false }
    const policy = withControls({ timeoutMs: 0, retryPolicy: route, hedgeOnPerTryTimeout: false }, (name) =>
      name === 'x-envoy-max-retries' ? header_max_retries : undefined,
    ).retryPolicy
    const progress = { safe: true, responseStarted: true, untriedLeft: true, moves: 0, resent: false }
    const decided = attempts.map((_, retries) => {
      const outcome = responseOutcome(responses?.[retries] ?? 503)
      return DECISIONS[decideRetry(policy, { outcome, requestStarted: true }, { ...progress, retries })]
    })
    expect(decided).toEqual(attempts)
  })
})

describe('shouldRetry', () => {
  const end = (outcome: AttemptEnd['outcome'], requestStarted = true): AttemptEnd => ({ outcome, requestStarted })

  test.each(['5xx', 'gateway-error', 'reset'])('%s covers an attempt that ran out of its time', (condition) => {
    expect(shouldRetry(policyOf([condition]), end(TIMED_OUT))).toBe(true)
  })

  test.each(['5xx', 'reset', 'connect-failure', 'retriable-status-codes'])(
    '%s covers neither what the caller gave up nor a limit of our own',
    (condition) => {
      expect(shouldRetry(policyOf([condition], [503]), end(ABORTED))).toBe(false)
      expect(shouldRetry(policyOf([condition], [503]), end(LOCAL_OVERFLOW))).toBe(false)
    },
  )

  test('the default policy covers a failed connect and no status', () => {
    expect(shouldRetry(DEFAULT_RETRY_POLICY, end(CONNECT_FAILED, false))).toBe(true)
    expect(
      [500, 502, 503, 504, 429].map((status) => shouldRetry(DEFAULT_RETRY_POLICY, end(responseOutcome(status)))),
    ).toEqual([false, false, false, false, false])
  })
})

describe('decideRetry', () => {
  const fresh: RetryProgress = {
    safe: true,
    responseStarted: false,
    untriedLeft: true,
    retries: 0,
    moves: 0,
    resent: false,
  }
  const refused: AttemptEnd = { outcome: REFUSED, requestStarted: false }
  const broken: AttemptEnd = { outcome: RESET, requestStarted: true }
  const unseen: AttemptEnd = { outcome: RESET, requestStarted: true, unprocessed: true }
  const unsafe: RetryProgress = { ...fresh, safe: false }
  const status = (code: number): AttemptEnd => ({ outcome: responseOutcome(code), requestStarted: true })
  const never = policyOf([], [], 0)

  test.each([
    ['a refused endpoint is left, whatever the policy', never, refused, fresh, 'move'],
    ['but not when none is left', never, refused, { ...fresh, untriedLeft: false }, 'none'],
    ['nor for ever', never, refused, { ...fresh, moves: HOST_SELECTION_RETRY_MAX_ATTEMPTS }, 'none'],
    ['then the policy has its say', policyOf(['connect-failure']), refused, { ...fresh, untriedLeft: false }, 'retry'],
    ['a safe request on a broken connection is sent again', never, broken, fresh, 'resend'],
    ['once', never, broken, { ...fresh, resent: true }, 'none'],
    ['not when it may not be sent twice', never, broken, { ...fresh, safe: false }, 'none'],
    ['not once an answer has begun', never, broken, { ...fresh, responseStarted: true }, 'none'],
    ['nor after retries of the policy', policyOf(['503'], [], 2), broken, { ...fresh, retries: 1 }, 'none'],
    ['what the server has not processed moves, whatever it is', never, unseen, unsafe, 'move'],
    ['with nowhere else to go it is sent again', never, unseen, { ...unsafe, untriedLeft: false }, 'resend'],
    ['once', never, unseen, { ...unsafe, untriedLeft: false, resent: true }, 'none'],
    [
      'then the policy has its say',
      policyOf(['refused-stream']),
      unseen,
      { ...unsafe, untriedLeft: false, resent: true },
      'retry',
    ],
    ['a covered status', policyOf(['5xx']), status(503), fresh, 'retry'],
    ['a covered status, retries used up', policyOf(['5xx']), status(503), { ...fresh, retries: 2 }, 'exhausted'],
    ['a status that is not covered', policyOf(['5xx']), status(404), { ...fresh, retries: 2 }, 'none'],
    ['a covered status, no retries allowed', policyOf(['5xx'], [], 0), status(503), fresh, 'exhausted'],
  ] as const)('%s', (_name, policy, end, progress, expected) => {
    expect(decideRetry(policy, end, progress)).toBe(expected)
  })
})
