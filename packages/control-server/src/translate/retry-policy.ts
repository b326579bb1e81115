import {
  DEFAULT_RETRY_BASE_INTERVAL_MS,
  DEFAULT_RETRY_POLICY,
  RETRY_BACK_OFF_CAP_FACTOR,
  type RetryPolicy,
} from '@weft/mesh-protocol'
import type { HttpRetry } from '../config/spec/virtual-service.ts'
import { milliseconds } from './milliseconds.ts'

const STATUS_CODE_CONDITION = 'retriable-status-codes'

/**
 * A route's `retries` (Istio `route/retry/retry.go` `ConvertPolicy`): absent is the default policy, present without attempts
 * is no retry at all, and what a present one leaves out is as in the default.
 */
export function retryPolicy(retries: HttpRetry | undefined): RetryPolicy {
  if (retries === undefined) return DEFAULT_RETRY_POLICY
  const attempts = retries.attempts ?? 0
  if (attempts <= 0) return { ...DEFAULT_RETRY_POLICY, retryOn: [], numRetries: 0 }
  const perTryTimeoutMs = milliseconds(retries.perTryTimeout)
  return {
    ...DEFAULT_RETRY_POLICY,
    ...((retries.retryOn ?? '') === '' ? {} : parseRetryOn(retries.retryOn as string)),
    numRetries: attempts,
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
    retryBackOff: backOff(milliseconds(retries.backoff)),
    avoidPreviousHosts: retries.retryIgnorePreviousHosts ?? DEFAULT_RETRY_POLICY.avoidPreviousHosts,
  }
}

/** Conditions and status codes as people mix them, `5xx,reset,503`. */
function parseRetryOn(text: string): Pick<RetryPolicy, 'retryOn' | 'retriableStatusCodes'> {
  const retryOn: string[] = []
  const retriableStatusCodes: number[] = []
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (/^[1-5]\d\d$/.test(part)) retriableStatusCodes.push(Number(part))
    else if (part !== '') retryOn.push(part)
  }
  if (retriableStatusCodes.length > 0 && !retryOn.includes(STATUS_CODE_CONDITION)) retryOn.push(STATUS_CODE_CONDITION)
  return { retryOn, retriableStatusCodes }
}

function backOff(baseIntervalMs: number = DEFAULT_RETRY_BASE_INTERVAL_MS): RetryPolicy['retryBackOff'] {
  return { baseIntervalMs, maxIntervalMs: baseIntervalMs * RETRY_BACK_OFF_CAP_FACTOR }
}
