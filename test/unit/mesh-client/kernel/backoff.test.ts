import { describe, expect, test } from 'vitest'
import { fullJitterDelay } from '../../../../packages/mesh-client/src/kernel/backoff.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Row {
  readonly name: string
  readonly base_ms: number
  readonly max_ms: number
  readonly random: readonly number[]
  readonly delays_ms: readonly number[]
}

const vectors = readVectors<{ envoy: Row[] }>('algorithms/backoff.json')

describe.skipIf(vectors === undefined)(vectorTitle("Envoy's delays", vectors), () => {
  test.each(vectors?.envoy ?? [])('$name', (row) => {
    const schedule = { baseIntervalMs: row.base_ms, maxIntervalMs: row.max_ms }
    row.random.forEach((drawn, index) => {
      const interval = Math.min(row.base_ms * 2 ** index, row.max_ms)
      // Envoy takes a random integer modulo the interval; ours is a share of it.
      const random = { next: () => ((drawn % interval) + 0.5) / interval }
      expect(fullJitterDelay(schedule, index + 1, random)).toBe(row.delays_ms[index])
    })
  })
})

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
