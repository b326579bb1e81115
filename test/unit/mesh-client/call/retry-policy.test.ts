import { DEFAULT_RETRY_POLICY, HOST_SELECTION_RETRY_MAX_ATTEMPTS, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  ABORTED,
  CONNECT_FAILED,
  LOCAL_OVERFLOW,
  REFUSED,
  RESET,
  responseOutcome,
  TIMED_OUT,
} from '../../../../packages/mesh-client/src/call/outcome.ts'
import {
  type AttemptEnd,
  decideRetry,
  type RetryProgress,
  shouldRetry,
} from '../../../../packages/mesh-client/src/call/retry-policy.ts'

function policyOf(retryOn: readonly string[], codes: readonly number[] = [], numRetries = 2): RetryPolicy {
  return { ...DEFAULT_RETRY_POLICY, retryOn, retriableStatusCodes: codes, numRetries }
}

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

describe('which ends a condition covers', () => {
  const ENDS: Readonly<Record<string, AttemptEnd>> = {
    '200': { outcome: responseOutcome(200), requestStarted: true },
    '409': { outcome: responseOutcome(409), requestStarted: true },
    '499': { outcome: responseOutcome(499), requestStarted: true },
    '500': { outcome: responseOutcome(500), requestStarted: true },
    '501': { outcome: responseOutcome(501), requestStarted: true },
    '502': { outcome: responseOutcome(502), requestStarted: true },
    '504': { outcome: responseOutcome(504), requestStarted: true },
    '505': { outcome: responseOutcome(505), requestStarted: true },
    '599': { outcome: responseOutcome(599), requestStarted: true },
    '600': { outcome: responseOutcome(600), requestStarted: true },
    limited: { outcome: responseOutcome(503), requestStarted: true, rateLimited: true },
    'grpc 14': { outcome: responseOutcome(200), requestStarted: true, grpcStatus: '14' },
    'grpc 013': { outcome: responseOutcome(200), requestStarted: true, grpcStatus: '013' },
    header: { outcome: responseOutcome(200), requestStarted: true, retriableHeader: true },
    refused: { outcome: REFUSED, requestStarted: false },
    connect: { outcome: CONNECT_FAILED, requestStarted: false },
    early: { outcome: RESET, requestStarted: false },
    late: { outcome: RESET, requestStarted: true },
    unprocessed: { outcome: RESET, requestStarted: true, unprocessed: true },
    timeout: { outcome: TIMED_OUT, requestStarted: true },
    overflow: { outcome: LOCAL_OVERFLOW, requestStarted: false },
    aborted: { outcome: ABORTED, requestStarted: true },
  }
  const BROKEN = 'refused connect early late unprocessed timeout'

  test.each<[string, string]>([
    ['5xx', `500 501 502 504 505 599 ${BROKEN}`],
    ['gateway-error', `502 504 ${BROKEN}`],
    ['retriable-4xx', '409'],
    ['retriable-status-codes', '499'],
    ['retriable-headers', 'header'],
    ['envoy-ratelimited', 'limited'],
    ['unavailable', 'grpc 14'],
    ['internal', ''],
    ['reset', BROKEN],
    ['reset-before-request', 'refused connect early'],
    ['connect-failure', 'refused connect'],
    ['refused-stream', 'refused unprocessed'],
    ['503', ''],
  ])('%s', (condition, expected) => {
    const policy = policyOf([condition], [499])
    const found = Object.entries(ENDS).flatMap(([name, end]) => (shouldRetry(policy, end) ? [name] : []))
    expect(found.sort()).toEqual(
      expected === ''
        ? []
        : Object.keys(ENDS)
            .filter((name) => ` ${expected} `.includes(` ${name} `))
            .sort(),
    )
  })
})

describe('a call of gRPC', () => {
  const progress: RetryProgress = {
    safe: false,
    responseStarted: false,
    untriedLeft: true,
    retries: 0,
    moves: 0,
    resent: false,
  }
  const unavailable = policyOf(['unavailable'])

  test.each([
    ['cancelled', '1'],
    ['deadline-exceeded', '4'],
    ['resource-exhausted', '8'],
    ['internal', '13'],
    ['unavailable', '14'],
  ])('%s covers every end that becomes its status, and no other', (condition, grpcStatus) => {
    for (const outcome of [RESET, TIMED_OUT, CONNECT_FAILED, responseOutcome(200), responseOutcome(503)]) {
      for (const status of ['0', '1', '2', '4', '7', '8', '13', '14', '16']) {
        const end = { outcome, requestStarted: true, grpcStatus: status }
        expect(shouldRetry(policyOf([condition]), end)).toBe(status === grpcStatus)
      }
    }
  })

  test('what its caller gave up and what found no room is never made again', () => {
    for (const outcome of [ABORTED, LOCAL_OVERFLOW]) {
      expect(shouldRetry(unavailable, { outcome, requestStarted: true, grpcStatus: '14' })).toBe(false)
    }
  })

  test('a server that does not want it is asked no more, but for what it has not seen', () => {
    const end: AttemptEnd = { outcome: responseOutcome(200), requestStarted: true, grpcStatus: '14', pushbackMs: -1 }
    expect(decideRetry(unavailable, end, progress)).toBe('stopped')
    expect(decideRetry(unavailable, { ...end, pushbackMs: 0 }, progress)).toBe('retry')
    expect(decideRetry(unavailable, { ...end, pushbackMs: 0 }, { ...progress, retries: 2 })).toBe('exhausted')
    expect(decideRetry(unavailable, { ...end, grpcStatus: '5' }, progress)).toBe('none')
    expect(decideRetry(unavailable, { ...end, unprocessed: true }, progress)).toBe('move')
  })
})
