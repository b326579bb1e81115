import { expect, test } from 'vitest'
import { MersenneTwister, twisterInt } from '../../../../packages/mesh-client/src/kernel/mersenne-twister.ts'

test('the 10,000th number of the default seed is the one that the C++ standard names', () => {
  const twister = new MersenneTwister(5_489)
  for (let at = 1; at < 10_000; at++) twister.next()
  expect(twister.next()).toBe(4_123_659_995)
})

test('numbers below a bound are all drawn, and none other', () => {
  const twister = new MersenneTwister(7)
  const counts = new Array<number>(10).fill(0)
  for (let at = 0; at < 10_000; at++) {
    const value = twisterInt(twister, 10)
    counts[value] = (counts[value] as number) + 1
  }
  expect(counts.length).toBe(10)
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(120)
})
