import { DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN, MIN_WEIGHT_UPDATE_PERIOD_MS } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPicker } from '../../../../packages/mesh-client/src/balancing/create-picker.ts'
import type { Picker } from '../../../../packages/mesh-client/src/balancing/picker.ts'
import { filledWeights, reportedWeight } from '../../../../packages/mesh-client/src/balancing/reported-weight.ts'
import { ReportedLoad } from '../../../../packages/mesh-client/src/kernel/reported-load.ts'
import { depsOf, hostsOf, type TestHost } from '../../../support/balancing.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const PLAIN = { errorUtilizationPenalty: 1, metricNamesForComputingUtilization: [] }

describe('the weight of a report', () => {
  const weight = (report: Record<string, number>, rule = {}): number | undefined =>
    reportedWeight(new Map(Object.entries(report)), { ...PLAIN, ...rule })
  const names = ['named_metrics.queue', 'mem_utilization']

  test.each<[string, Record<string, number>, object, number | undefined]>([
    ['requests for what they cost', { rps_fractional: 100, cpu_utilization: 0.5 }, {}, 200],
    ['errors add', { rps_fractional: 100, cpu_utilization: 0.5, eps: 50 }, {}, 100],
    [
      'as much as the rule says',
      { rps_fractional: 100, cpu_utilization: 0.5, eps: 50 },
      { errorUtilizationPenalty: 3 },
      50,
    ],
    ['errors alone', { rps_fractional: 100, eps: 50 }, {}, 200],
    ['the application knows better', { rps_fractional: 1, cpu_utilization: 1, application_utilization: 0.5 }, {}, 2],
    ['which may be above 1', { rps_fractional: 6, application_utilization: 2 }, {}, 3],
    [
      'names go first, the largest of them',
      {
        rps_fractional: 8,
        application_utilization: 0.5,
        mem_utilization: 2,
        'named_metrics.queue': 4,
      },
      { metricNamesForComputingUtilization: names },
      2,
    ],
    [
      'names that are not reported do not',
      { rps_fractional: 8, application_utilization: 0.5, mem_utilization: -1 },
      { metricNamesForComputingUtilization: names },
      16,
    ],
    ['no requests', { rps_fractional: 0, cpu_utilization: 1 }, {}, undefined],
    ['requests are not told', { cpu_utilization: 1 }, {}, undefined],
    ['below none', { rps_fractional: -1, cpu_utilization: 1 }, {}, undefined],
    ['nothing is used', { rps_fractional: 5 }, {}, undefined],
    ['less than nothing is used', { rps_fractional: 5, cpu_utilization: -1 }, {}, undefined],
    ['at most 32 bits', { rps_fractional: 1e300, cpu_utilization: 1e-300 }, {}, 2 ** 32 - 1],
  ])('%s', (_, report, rule, expected) => {
    expect(weight(report, rule)).toBe(expected)
  })
})

describe('weights to pick by', () => {
  test.each<[string, (number | undefined)[], number[]]>([
    ['all known', [1, 3], [1, 3]],
    ['the mean stands for who has none', [1, undefined, 3], [1, 2, 3]],
    ['one alone says nothing', [5, undefined, undefined], [1, 1, 1]],
    ['one host', [5], [1]],
    ['nobody knows', [undefined, undefined], [1, 1]],
    ['nobody', [], []],
  ])('%s', (_, known, expected) => {
    expect([...filledWeights(known)]).toEqual(expected)
  })
})

const POLICY = {
  lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
  clientSideWeightedRoundRobin: { ...DEFAULT_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN, blackoutPeriodMs: 0 },
} as const

function counts(picker: Picker<TestHost>, picks: number): number[] {
  const got: number[] = []
  for (let at = 0; at < picks; at++) {
    const { name } = picker.pick() as TestHost
    got[name] = (got[name] ?? 0) + 1
  }
  return got
}

describe('the picker', () => {
  test('goes round until somebody reports, whatever weights discovery gives', () => {
    const picker = createPicker({ lbPolicy: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN' }, hostsOf([1, 9, 5]), depsOf(1))
    expect(counts(picker, 300)).toEqual([100, 100, 100])
  })

  test('picks by the weights, once they are looked at again', async () => {
    const time = fakeClock()
    const hosts = hostsOf([1, 1, 1])
    const picker = createPicker(POLICY, hosts, depsOf(1, time))
    expect(counts(picker, 3)).toEqual([1, 1, 1])
    const [slow, quick] = hosts as [TestHost, TestHost, TestHost]
    slow.reportedLoad = new ReportedLoad(10, time.clock.now())
    quick.reportedLoad = new ReportedLoad(30, time.clock.now())
    await time.advance(999)
    expect(counts(picker, 3)).toEqual([1, 1, 1])
    await time.advance(1)
    const got = counts(picker, 600)
    for (const [index, share] of [100, 300, 200].entries()) {
      expect(Math.abs((got[index] ?? 0) - share)).toBeLessThanOrEqual(2)
    }
  })

  test('goes round again when the reports are too old', async () => {
    const time = fakeClock()
    const hosts = hostsOf([1, 1])
    hosts.forEach((host, index) => {
      host.reportedLoad = new ReportedLoad(1 + 3 * index, time.clock.now())
    })
    const picker = createPicker(POLICY, hosts, depsOf(1, time))
    expect(counts(picker, 500)).toEqual([100, 400])
    await time.advance(180_001)
    expect(counts(picker, 100)).toEqual([50, 50])
  })

  test('looks no more often than a tenth of a second', async () => {
    const time = fakeClock()
    const hosts = hostsOf([1, 1])
    const eager = { ...POLICY.clientSideWeightedRoundRobin, weightUpdatePeriodMs: 1 }
    const picker = createPicker({ ...POLICY, clientSideWeightedRoundRobin: eager }, hosts, depsOf(1, time))
    counts(picker, 1)
    hosts.forEach((host, index) => {
      host.reportedLoad = new ReportedLoad(1 + 3 * index, time.clock.now())
    })
    await time.advance(MIN_WEIGHT_UPDATE_PERIOD_MS - 1)
    expect(counts(picker, 10)).toEqual([5, 5])
    await time.advance(1)
    expect(counts(picker, 10)).toEqual([2, 8])
  })

  test('of nobody picks nobody', () => {
    expect(createPicker(POLICY, [], depsOf(1)).pick()).toBeUndefined()
  })

  test('gives each host its share of any weights', () => {
    const weights = fc.array(fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), {
      minLength: 2,
      maxLength: 8,
    })
    fc.assert(
      fc.property(weights, fc.integer(), (known, seed) => {
        const time = fakeClock()
        const hosts = hostsOf(known.map(() => 1))
        hosts.forEach((host, index) => {
          const weight = known[index]
          if (weight !== undefined) host.reportedLoad = new ReportedLoad(weight, time.clock.now())
        })
        const shares = filledWeights(known)
        const total = shares.reduce((sum, weight) => sum + weight, 0)
        const got = counts(createPicker(POLICY, hosts, depsOf(seed, time)), 500)
        for (const [index, share] of shares.entries()) {
          expect(Math.abs((got[index] ?? 0) - (500 * share) / total)).toBeLessThanOrEqual(known.length)
        }
      }),
      { numRuns: 60 },
    )
  })
})
