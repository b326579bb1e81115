import type { OutlierDetection } from '@weft/mesh-protocol'
import { afterRest, afterReturn, type OutlierState } from '../../packages/mesh-client/src/health/outlier-detection.ts'

/** Both halves of a sweep of one endpoint, without the comparison of endpoints between them. */
export function afterSweep(policy: OutlierDetection, state: OutlierState, now: number): OutlierState {
  return afterRest(policy, afterReturn(policy, state, now), now)
}
