import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import type { CompiledRoute } from '../../../../packages/mesh-client/src/routing/route-table.ts'
import { chooseDestination } from '../../../../packages/mesh-client/src/routing/weighted-split.ts'
import { wireRoute } from '../../../support/wire.ts'

function route(weights: readonly number[]): CompiledRoute {
  const { retryPolicy } = wireRoute('x').route
  const destinations = weights.map((weight, index) => ({
    cluster: `c${index}`,
    weight,
    mutations: undefined,
    hostRewrite: undefined,
    rewritePath: undefined,
    reply: undefined,
    mirrors: undefined,
    marks: undefined,
  }))
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0)
  return {
    name: 'x',
    timeoutMs: 0,
    retryPolicy,
    destinations,
    totalWeight,
    reply: undefined,
    fault: undefined,
    hedgeOnPerTryTimeout: false,
    clusterNotFoundStatus: 503,
  }
}

function counts(weights: readonly number[], draws: readonly number[] | Random, times: number): number[] {
  const random = 'next' in draws ? draws : sequence(draws)
  const found = weights.map(() => 0)
  for (let at = 0; at < times; at++) {
    const { cluster } = chooseDestination(route(weights), random)
    const index = Number(cluster.slice(1))
    found[index] = (found[index] ?? 0) + 1
  }
  return found
}

function sequence(values: readonly number[]): Random {
  let at = 0
  return { next: () => values[at++ % values.length] as number }
}

describe('the split', () => {
  test('gives each draw below the total to the first cumulative weight above it', () => {
    const draws = Array.from({ length: 100 }, (_, index) => index / 100)
    expect(counts([90, 0, 9, 1], draws, 100)).toEqual([90, 0, 9, 1])
  })

  test('gives a single destination everything, even at weight 0', () => {
    expect(counts([0], [0, 0.5, 0.999], 3)).toEqual([3])
  })

  test('a canary at 10 % over 10,000 requests lands within 8.5 to 11.5 %', () => {
    const [, canary = 0] = counts([90, 10], seededRandom(1), 10_000)
    expect(canary).toBeGreaterThan(850)
    expect(canary).toBeLessThan(1_150)
  })

  test('converges to the weights, which need not add up to 100, and never takes a weight of 0', () => {
    const weights = fc
      .array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 6 })
      .filter((all) => all.some((weight) => weight > 0))
    fc.assert(
      fc.property(weights, fc.integer(), (all, seed) => {
        const total = all.reduce((sum, weight) => sum + weight, 0)
        counts(all, seededRandom(seed), 4_000).forEach((count, index) => {
          const weight = all[index] as number
          if (weight === 0) expect(count).toBe(0)
          expect(Math.abs(count / 4_000 - weight / total)).toBeLessThan(0.06)
        })
      }),
      { numRuns: 50 },
    )
  })
})
