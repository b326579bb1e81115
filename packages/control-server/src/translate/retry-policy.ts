import {
  DEFAULT_RATE_LIMITED_RETRY_MAX_MS,
  DEFAULT_RETRY_BASE_INTERVAL_MS,
  DEFAULT_RETRY_POLICY,
  RETRY_BACK_OFF_CAP_FACTOR,
  type RetryPolicy,
} from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import { knownStatus } from '../config/http-status.ts'
import type { HttpRetry } from '../config/spec/virtual-service.ts'

const STATUS_CODE_CONDITION = 'retriable-status-codes'

/** Istio `route/retry/retry.go`: `retryRemoteLocalities` leaves out what was tried after every second attempt. */
const PRIORITIES_UPDATE_FREQUENCY = 2

/** Conditions of answers that say how long to wait. */
const RATE_LIMITED = 'envoy-ratelimited'
const TOO_MANY_REQUESTS = 429

/** What a retry policy depends on besides the route's own `retries`. */
export interface RetrySurroundings {
  /** MeshConfig `defaultHttpRetryPolicy`. */
  readonly meshDefault?: HttpRetry | undefined
  /** A destination binds requests to endpoints by a hash: a retry then goes where the hash says. */
  readonly consistentHash?: boolean
}

/**
 * A route's `retries` (Istio `route/retry/retry.go` `ConvertPolicy`): absent is the mesh's policy or else the built-in one,
 * present without attempts is no retry at all, and what a present one leaves out is as in the built-in policy.
 *
 * Beyond Istio, a policy that retries rate-limited answers (`envoy-ratelimited` or 429) keeps the pause that they ask for.
 */
export function retryPolicy(
  retries: HttpRetry | undefined,
  { meshDefault, consistentHash = false }: RetrySurroundings = {},
): RetryPolicy {
  const builtIn = consistentHash ? { ...DEFAULT_RETRY_POLICY, avoidPreviousHosts: false } : DEFAULT_RETRY_POLICY
  const given = retries ?? meshDefault
  if (given === undefined) return builtIn
  const attempts = given.attempts ?? 0
  if (attempts <= 0) return { ...builtIn, retryOn: [], numRetries: 0 }
  const perTryTimeoutMs = milliseconds(given.perTryTimeout)
  const conditions = (given.retryOn ?? '') === '' ? undefined : parseRetryOn(given.retryOn as string)
  return {
    ...builtIn,
    ...conditions,
    numRetries: attempts,
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
    retryBackOff: backOff(milliseconds(given.backoff)),
    avoidPreviousHosts: given.retryIgnorePreviousHosts ?? builtIn.avoidPreviousHosts,
    ...(conditions !== undefined && retriesRateLimited(conditions) ? { rateLimitedRetryBackOff: RETRY_AFTER } : {}),
    ...(given.retryRemoteLocalities === true ? { previousPrioritiesUpdateFrequency: PRIORITIES_UPDATE_FREQUENCY } : {}),
  }
}

type Conditions = Pick<RetryPolicy, 'retryOn' | 'retriableStatusCodes'>

/** Conditions and status codes as people mix them, `5xx,reset,503`. */
function parseRetryOn(text: string): Conditions {
  const retryOn: string[] = []
  const retriableStatusCodes: number[] = []
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const status = knownStatus(part)
    if (status !== undefined) retriableStatusCodes.push(status)
    else if (part !== '') retryOn.push(part)
  }
  if (retriableStatusCodes.length > 0 && !retryOn.includes(STATUS_CODE_CONDITION)) retryOn.push(STATUS_CODE_CONDITION)
  return { retryOn, retriableStatusCodes }
}

function retriesRateLimited({ retryOn, retriableStatusCodes }: Conditions): boolean {
  return retryOn.includes(RATE_LIMITED) || retriableStatusCodes.includes(TOO_MANY_REQUESTS)
}

const RETRY_AFTER: NonNullable<RetryPolicy['rateLimitedRetryBackOff']> = {
  resetHeaders: [
    { name: 'retry-after', format: 'SECONDS' },
    { name: 'x-ratelimit-reset', format: 'UNIX_TIMESTAMP' },
  ],
  maxIntervalMs: DEFAULT_RATE_LIMITED_RETRY_MAX_MS,
}

function backOff(baseIntervalMs: number = DEFAULT_RETRY_BASE_INTERVAL_MS): RetryPolicy['retryBackOff'] {
  return { baseIntervalMs, maxIntervalMs: baseIntervalMs * RETRY_BACK_OFF_CAP_FACTOR }
}
