import { DEFAULT_FAILURE_PERCENTAGE_DETECTION, DEFAULT_SUCCESS_RATE_DETECTION } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  failurePercentageOutliers,
  successRateOutliers,
} from '../../../../packages/mesh-client/src/health/success-rate.ts'

/** Percents of 200 requests each; `-` has had too few. */
function tallies(text: string): { total: number; successes: number }[] {
  return text
    .split(' ')
    .map((rate) => (rate === '-' ? { total: 99, successes: 0 } : { total: 200, successes: Number(rate) * 2 }))
}

describe('success rate', () => {
  test.each<[string, number[]]>([
    // Envoy outlier_detection_impl.cc: mean 90, deviation 20, threshold 52.
    ['50 100 100 100 100', [0]],
    // One that differs from four equal ones is always two deviations away.
    ['99 100 100 100 100', [0]],
    ['100 100 100 100 100', []],
    ['0 0 0 0 0', []],
    ['0 100 100 100', []],
    ['- 50 100 100 100 100', [1]],
    ['- 50 100 100 100', []],
    ['90 91 92 93 20 94 95 96', [4]],
    ['10 10 100 100 100 100', []],
  ])('%s', (rates, outliers) => {
    expect(successRateOutliers(tallies(rates), DEFAULT_SUCCESS_RATE_DETECTION)).toEqual(outliers)
  })

  test('the factor says how far', () => {
    const policy = { ...DEFAULT_SUCCESS_RATE_DETECTION, stdevFactor: 1000 }
    expect(successRateOutliers(tallies('70 100 100 100 100'), policy)).toEqual([0])
    expect(successRateOutliers(tallies('10 10 100 100 100 100'), policy)).toEqual([0, 1])
  })

  test('whoever is judged has had enough requests and lies below the mean', () => {
    const tally = fc
      .record({ total: fc.nat(300), share: fc.double({ min: 0, max: 1, noNaN: true }) })
      .map(({ total, share }) => ({ total, successes: Math.round(total * share) }))
    fc.assert(
      fc.property(fc.array(tally, { maxLength: 12 }), (all) => {
        const outliers = successRateOutliers(all, DEFAULT_SUCCESS_RATE_DETECTION)
        const judged = all.filter(({ total }) => total >= 100)
        const mean = judged.reduce((sum, { total, successes }) => sum + successes / total, 0) / judged.length
        expect(outliers.length).toBeLessThan(Math.max(1, judged.length))
        for (const at of outliers) {
          const { total, successes } = all[at] as { total: number; successes: number }
          expect(total).toBeGreaterThanOrEqual(100)
          expect(successes / total).toBeLessThan(mean)
        }
      }),
    )
  })
})

describe('failure percentage', () => {
  test.each<[string, number[]]>([
    ['15 100 100 100 100', [0]],
    ['16 100 100 100 100', []],
    ['0 0 0 0 0', [0, 1, 2, 3, 4]],
    ['0 100 100 100', []],
  ])('%s', (rates, outliers) => {
    expect(failurePercentageOutliers(tallies(rates), DEFAULT_FAILURE_PERCENTAGE_DETECTION)).toEqual(outliers)
  })

  test('nobody without a request is judged, whatever the volume asked for', () => {
    const policy = { threshold: 0, minimumHosts: 1, requestVolume: 0, enforcingPercent: 100 }
    expect(failurePercentageOutliers([{ total: 0, successes: 0 }], policy)).toEqual([])
    expect(failurePercentageOutliers([{ total: 1, successes: 1 }], policy)).toEqual([0])
  })
})
