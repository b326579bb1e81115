import { performance } from 'node:perf_hooks'

/** Where time comes from. Code reads it once a step and passes `now` on. */
export interface Clock {
  /** Monotonic milliseconds with a fraction, since some moment in the past. */
  now(): number
  /** Milliseconds since 1970, only for what people or other machines read. */
  wallNow(): number
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
}
