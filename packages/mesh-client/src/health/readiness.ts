import type { ReadinessProbe, WorkloadHealth } from '@weft/mesh-protocol'

/*
 * What a workload's readiness probe makes of it: Kubernetes `prober/worker.go`, which Istio's agent does alike for workloads
 * that no kubelet looks after.
 */

/** The probe so far. */
export interface ReadinessState {
  readonly health: WorkloadHealth
  /** In a row. */
  readonly successes: number
  /** In a row. */
  readonly failures: number
}

export const UNPROBED: ReadinessState = { health: 'UNKNOWN', successes: 0, failures: 0 }

type Thresholds = Pick<ReadinessProbe, 'successThreshold' | 'failureThreshold'>

/** The state after a try: a verdict holds until as many tries in a row as it takes say otherwise. */
export function afterTry(policy: Thresholds, { health, ...before }: ReadinessState, passed: boolean): ReadinessState {
  const successes = passed ? before.successes + 1 : 0
  const failures = passed ? 0 : before.failures + 1
  if (successes >= policy.successThreshold) return { health: 'HEALTHY', successes, failures }
  if (failures >= policy.failureThreshold) return { health: 'UNHEALTHY', successes, failures }
  return { health, successes, failures }
}
