import type { RetryPolicy } from '@weft/mesh-protocol'
import type { RetryDecision } from './retry-policy.ts'

/**
 * What follows an attempt that is over its own limit and is left running: another, if the policy retries at all and one of
 * its retries is left. Its conditions are not looked at. Source: Envoy `retry_state_impl.cc`,
 * `shouldHedgeRetryPerTryTimeout`.
 */
export function decideHedge({ retryOn, numRetries }: RetryPolicy, retries: number): RetryDecision {
  if (retryOn.length === 0) return 'none'
  return retries < numRetries ? 'retry' : 'exhausted'
}
