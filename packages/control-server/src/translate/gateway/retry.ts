import {
  DEFAULT_RETRY_POLICY,
  DEFAULT_ROUTE_TIMEOUT_MS,
  RETRY_BACK_OFF_CAP_FACTOR,
  type RetryPolicy,
} from '@weft/mesh-protocol'
import { gatewayMilliseconds } from '../../config/spec/gateway/duration.ts'
import type { HttpRouteRetry, HttpRouteRule, HttpRouteTimeouts } from '../../config/spec/gateway/http-route.ts'

/**
 * GEP-1731: whoever asks for retries gets them for connections that fail, break or take too long as well, besides the codes.
 * A limit of one attempt that is over is a reset to Envoy.
 */
const CONNECTION_ERRORS: readonly string[] = ['connect-failure', 'refused-stream', 'reset', 'unavailable', 'cancelled']

/**
 * How often and how long a rule's requests are tried.
 *
 * @param unsaid the policy of a rule without `retry`
 */
export function callLimits(
  { retry, timeouts }: HttpRouteRule,
  unsaid: RetryPolicy,
): { timeoutMs: number; retryPolicy: RetryPolicy } {
  return {
    timeoutMs: gatewayMilliseconds(timeouts?.request) ?? DEFAULT_ROUTE_TIMEOUT_MS,
    retryPolicy: { ...(retry === undefined ? unsaid : retryPolicy(retry)), ...perTryTimeout(timeouts) },
  }
}

/** `0s` is no limit. */
function perTryTimeout(timeouts: HttpRouteTimeouts | undefined): Pick<RetryPolicy, 'perTryTimeoutMs'> {
  const perTryTimeoutMs = gatewayMilliseconds(timeouts?.backendRequest) ?? 0
  return perTryTimeoutMs === 0 ? {} : { perTryTimeoutMs }
}

function retryPolicy({ codes = [], attempts = DEFAULT_RETRY_POLICY.numRetries, backoff }: HttpRouteRetry): RetryPolicy {
  return {
    ...DEFAULT_RETRY_POLICY,
    retryOn: codes.length === 0 ? CONNECTION_ERRORS : [...CONNECTION_ERRORS, 'retriable-status-codes'],
    retriableStatusCodes: codes,
    numRetries: attempts,
    ...backOff(gatewayMilliseconds(backoff)),
  }
}

/** A back-off of Gateway API is the shortest pause. */
function backOff(backOffMs = 0): Partial<Pick<RetryPolicy, 'retryBackOff'>> {
  if (backOffMs === 0) return {}
  const maxIntervalMs = backOffMs * RETRY_BACK_OFF_CAP_FACTOR
  return { retryBackOff: { baseIntervalMs: backOffMs, maxIntervalMs, minIntervalMs: backOffMs } }
}
