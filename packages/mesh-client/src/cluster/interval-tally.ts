import type { OutlierDetection } from '@weft/mesh-protocol'
import { isSuccess, type OutlierEvent } from '../health/outlier-detection.ts'

/** Counts of one endpoint in one interval; what the client alone saw stands apart where the policy splits errors. */
export interface IntervalTally {
  external: { total: number; successes: number }
  local: { total: number; successes: number }
}

export function createTally(): IntervalTally {
  return { external: { total: 0, successes: 0 }, local: { total: 0, successes: 0 } }
}

/** Envoy `putResultNoLocalExternalSplit` and `putResultWithLocalExternalSplit`: a response also is a connection that held. */
export function count(tally: IntervalTally, policy: OutlierDetection, event: OutlierEvent): void {
  if (policy.splitExternalLocalOriginErrors) {
    tally.local.total++
    if (event.kind !== 'response') return
    tally.local.successes++
  }
  tally.external.total++
  if (isSuccess(policy, event)) tally.external.successes++
}
