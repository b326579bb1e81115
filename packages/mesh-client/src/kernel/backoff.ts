import type { Random } from './random.ts'

/** An exponential schedule with a cap. */
export interface BackOffSchedule {
  readonly baseIntervalMs: number
  readonly maxIntervalMs: number
  /** Every wait is longer by this. Absent: 0. */
  readonly minIntervalMs?: number
}

/**
 * The wait before the n-th retry (n from 1): uniform in [0, interval), so that clients which failed together do not come
 * back together. It can be 0. The interval doubles from the base as long as it is below half of the maximum, rounded down,
 * and is the maximum then. Source: Envoy `backoff_strategy.cc`, `JitteredExponentialBackOffStrategy` (its documentation
 * says `2^n - 1`; its code and tests double the interval).
 */
export function fullJitterDelay(schedule: BackOffSchedule, retry: number, random: Random): number {
  return (schedule.minIntervalMs ?? 0) + Math.floor(random.next() * intervalOf(schedule, retry))
}

function intervalOf({ baseIntervalMs, maxIntervalMs }: BackOffSchedule, retry: number): number {
  if (retry === 1) return Math.min(baseIntervalMs, maxIntervalMs)
  const doubled = baseIntervalMs * 2 ** (retry - 1)
  return doubled < 2 * Math.floor(maxIntervalMs / 2) ? doubled : maxIntervalMs
}
