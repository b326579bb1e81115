import { describe, expect, test } from 'vitest'
import { fullJitterDelay } from '../../../../packages/mesh-client/src/kernel/backoff.ts'

describe('fullJitterDelay', () => {
  test('stays below the cap however many retries there were', () => {
    const schedule = { baseIntervalMs: 25, maxIntervalMs: 250 }
    const highest = { next: () => 0.999_999 }
    expect([1, 2, 3, 4, 5, 50, 5_000].map((retry) => fullJitterDelay(schedule, retry, highest))).toEqual([
      24, 49, 99, 199, 249, 249, 249,
    ])
    expect(fullJitterDelay(schedule, 9, { next: () => 0 })).toBe(0)
    expect(fullJitterDelay({ ...schedule, minIntervalMs: 40 }, 9, { next: () => 0 })).toBe(40)
  })
})
