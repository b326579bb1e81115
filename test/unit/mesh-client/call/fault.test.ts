import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultAbort, faultDelay } from '../../../../packages/mesh-client/src/call/fault.ts'
import { isChosen, seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'

const never = { next: () => expect.fail('nothing was to be drawn') }

describe('isChosen', () => {
  test('draws nothing for all and for none', () => {
    expect([isChosen(100, never), isChosen(0, never)]).toEqual([true, false])
  })

  test('keeps to a share, down to a ten-thousandth of a percent', () => {
    expect([isChosen(0.0001, { next: () => 0.000_000_9 }), isChosen(0.0001, { next: () => 0.000_001_1 })]).toEqual([
      true,
      false,
    ])
  })

  test('comes near the share in the long run', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer(), (percent, seed) => {
        const random = seededRandom(seed)
        const share = percent / 100
        let chosen = 0
        for (let draw = 0; draw < 2_000; draw++) if (isChosen(percent, random)) chosen++
        // Five deviations of the binomial distribution.
        expect(Math.abs(chosen - 2_000 * share)).toBeLessThanOrEqual(5 * Math.sqrt(2_000 * share * (1 - share)) + 1)
      }),
      { numRuns: 30 },
    )
  })
})

test('delay and abort are drawn apart, and what is not configured does not happen', () => {
  const both = { delay: { percent: 50, fixedDelayMs: 30 }, abort: { percent: 50, httpStatus: 418 } }
  const low = { next: () => 0.1 }
  const high = { next: () => 0.9 }
  expect([faultDelay(both, low), faultDelay(both, high), faultDelay({}, never)]).toEqual([30, 0, 0])
  expect([faultAbort(both, low), faultAbort(both, high), faultAbort({}, never)]).toEqual([
    both.abort,
    undefined,
    undefined,
  ])
})
