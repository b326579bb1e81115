import type { HealthCheck } from '@weft/mesh-protocol'
import type { HealthCheckOutcome } from '../kernel/recorder.ts'

/*
 * What active health checks make of an endpoint: Envoy `health_checker_base_impl.cc`, `handleSuccess` and `setUnhealthy`.
 */

/** One check of one endpoint so far. */
export interface CheckState {
  /** Until its first check an endpoint counts as well: nobody waits for checks to begin. */
  readonly checked: boolean
  readonly healthy: boolean
  /** In a row, while unhealthy. */
  readonly successes: number
  /** In a row, while healthy. */
  readonly failures: number
}

export const UNCHECKED: CheckState = { checked: false, healthy: true, successes: 0, failures: 0 }

type Thresholds = Pick<HealthCheck, 'healthyThreshold' | 'unhealthyThreshold'>

/**
 * The state after a check. The first one decides alone. Later a wrong answer makes the endpoint unhealthy at once, since it
 * was given on purpose, while connections that fail and answers that do not come need to do so `unhealthyThreshold` times
 * in a row.
 */
export function afterCheck(policy: Thresholds, state: CheckState, outcome: HealthCheckOutcome): CheckState {
  const passed = outcome === 'passed'
  if (!state.checked) return settled(passed)
  if (passed === state.healthy) return settled(passed)
  if (passed) {
    const successes = state.successes + 1
    return successes >= policy.healthyThreshold ? settled(true) : { ...state, successes }
  }
  const failures = state.failures + 1
  return outcome === 'failed' || failures >= policy.unhealthyThreshold ? settled(false) : { ...state, failures }
}

function settled(healthy: boolean): CheckState {
  return { checked: true, healthy, successes: 0, failures: 0 }
}
