import type { Random } from './random.ts'

/** An exponential schedule with a cap. */
export interface BackOffSchedule {
  readonly baseIntervalMs: number
  readonly maxIntervalMs: number
  /** Every wait is longer by this. Absent: 0. */
  readonly minIntervalMs?: number
}

/**
 * The wait before the n-th retry (n from 1): uniform in [0, min(base * 2^(n-1), max)), so that clients which failed
 * together do not come back together. It can be 0. Source: Envoy `backoff_strategy.cc`, `JitteredExponentialBackOffStrategy`
 * (its documentation says `2^n - 1`; its code and tests double the interval).
 */
export function fullJitterDelay(schedule: BackOffSchedule, retry: number, random: Random): number {
  const ceiling = Math.min(schedule.baseIntervalMs * 2 ** (retry - 1), schedule.maxIntervalMs)
  return (schedule.minIntervalMs ?? 0) + Math.floor(random.next() * ceiling)
}
