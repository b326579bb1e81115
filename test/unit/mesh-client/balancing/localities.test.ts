import { type LocalityLbSetting, parseLocality } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  closeGaps,
  matchesLocality,
  type Place,
  rankingOf,
} from '../../../../packages/mesh-client/src/balancing/locality-priorities.ts'
import { distributedWeights, effectiveWeight } from '../../../../packages/mesh-client/src/balancing/locality-weights.ts'
import { chooseZone, zoneRouting } from '../../../../packages/mesh-client/src/balancing/zone-aware.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'

function place(locality: string, labels: Readonly<Record<string, string>> = {}): Place {
  return { locality: parseLocality(locality), labels }
}

const SELF = place('r1/z1/s1', { app: 'caller', tier: 'gold' })

function priorities(setting: LocalityLbSetting, endpoints: readonly Place[], detects = true, self = SELF): number[] {
  const rank = rankingOf(setting, self, detects)
  return rank === undefined ? endpoints.map(() => 0) : closeGaps(endpoints.map(rank))
}

describe('localities', () => {
  test.each([
    ['r1/z1/s1', '*', true],
    ['r1/z1/s1', 'r1/*', true],
    ['r1/z1/s1', 'r1/z1/*', true],
    ['r1/z1/s1', 'r1', true],
    ['r1/z1/s1', 'r1/z1', true],
    ['r1/z1/s1', 'r1/z1/s1', true],
    ['r1/z1/s1', 'r1/z1/s2', false],
    ['r1/z1/s1', 'r1/z2/*', false],
    ['r1/z1/s1', 'r2', false],
    ['r1', 'r1/z1', false],
    ['', '*', true],
    ['', 'r1', false],
  ])('%s matches %s: %s', (locality, rule, expected) => {
    expect(matchesLocality(parseLocality(locality), rule)).toBe(expected)
  })
})

describe('priorities, as Istio gives them', () => {
  const FIVE = ['r1/z1/s1', 'r1/z1/s2', 'r1/z2/s1', 'r2/z1/s1', 'r3/z1/s1'].map((text) => place(text))

  test.each<[string, LocalityLbSetting, number[]]>([
    ['nothing said', {}, [0, 1, 2, 3, 3]],
    ['a region that stands in', { failover: [{ from: 'r1', to: 'r3' }] }, [0, 1, 2, 4, 3]],
    ['a rule for another region', { failover: [{ from: 'r2', to: 'r3' }] }, [0, 1, 2, 3, 3]],
    ['distribute knows no priorities', { distribute: [{ from: '*', to: { '*': 100 } }] }, [0, 0, 0, 0, 0]],
    ['zone awareness: regions only', { zoneAware: { minClusterSize: 6, routingEnabledPercent: 100 } }, [0, 0, 0, 1, 1]],
    [
      'zone awareness with a stand-in',
      { failover: [{ from: 'r1', to: 'r3' }], zoneAware: { minClusterSize: 6, routingEnabledPercent: 100 } },
      [0, 0, 0, 2, 1],
    ],
    [
      'topology labels',
      { failoverPriority: ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'] },
      [0, 0, 1, 2, 2],
    ],
    ['a region named', { failoverPriority: ['topology.kubernetes.io/region=r2'] }, [1, 1, 1, 0, 1]],
  ])('%s', (_, setting, expected) => {
    expect(priorities(setting, FIVE)).toEqual(expected)
  })

  test('gaps are closed', () => {
    expect(priorities({}, [place('r1/z2'), place('r9'), place('r1/z1/s1')])).toEqual([1, 2, 0])
    expect(priorities({}, [place('r9'), place('r8')])).toEqual([0, 0])
  })

  test('without outlier detection nobody falls over, unless always', () => {
    expect(priorities({}, FIVE, false)).toEqual([0, 0, 0, 0, 0])
    expect(priorities({ always: true }, FIVE, false)).toEqual([0, 1, 2, 3, 3])
  })

  test('labels count from the first that differs; one that both lack is alike', () => {
    const setting = { failoverPriority: ['app', 'tier', 'none'] }
    const endpoints = [
      place('', { app: 'caller', tier: 'gold' }),
      place('', { app: 'caller', tier: 'gold', none: 'x' }),
      place('', { app: 'caller', tier: 'iron' }),
      place('', { app: 'other', tier: 'gold' }),
    ]
    expect(priorities(setting, endpoints)).toEqual([0, 1, 2, 3])
  })

  test('a value that is written down stands for the own one; further equals signs make it no value', () => {
    const endpoints = [place('', { tier: 'iron' }), place('', { tier: 'gold' })]
    expect(priorities({ failoverPriority: ['tier=iron'] }, endpoints)).toEqual([0, 1])
    expect(priorities({ failoverPriority: ['tier=iron=x'] }, endpoints)).toEqual([1, 0])
  })

  test('another network comes after everything in the own one', () => {
    const network = 'topology.istio.io/network'
    const self = place('r1/z1', { [network]: 'a' })
    const setting = { failoverPriority: [network, 'topology.kubernetes.io/region'] }
    const endpoints = [
      place('r1', { [network]: 'a' }),
      place('r2', { [network]: 'a' }),
      place('r1', { [network]: 'b' }),
      place('r2', { [network]: 'b' }),
    ]
    expect(priorities(setting, endpoints, true, self)).toEqual([0, 1, 2, 3])
  })

  test('labels first, then regions, where both are given', () => {
    const setting = { failoverPriority: ['tier'], failover: [{ from: 'r1', to: 'r2' }] }
    const endpoints = [
      place('r1/z1/s1', { tier: 'iron' }),
      place('r3', { tier: 'gold' }),
      place('r2', { tier: 'gold' }),
      place('r1/z9', { tier: 'gold' }),
    ]
    expect(priorities(setting, endpoints)).toEqual([3, 2, 1, 0])
  })

  test('a caller that has neither labels nor a place sees no difference in labels', () => {
    expect(priorities({ failoverPriority: ['tier'] }, [place('', { tier: 'x' }), place('')], true, place(''))).toEqual([
      0, 0,
    ])
  })
})

describe('distribute', () => {
  const weights = (
    to: Readonly<Record<string, number>>,
    localities: Readonly<Record<string, number>>,
    from = 'r1/*',
  ): (number | undefined)[] =>
    distributedWeights(
      [
        { from: 'nowhere', to: { '*': 100 } },
        { from, to },
      ],
      SELF.locality,
      Object.entries(localities).map(([locality, weight]) => ({ locality: parseLocality(locality), weight })),
    )

  test('each locality its share, others nothing', () => {
    expect(weights({ 'r1/z1/*': 80, 'r1/z2/*': 20 }, { 'r1/z1/a': 3, 'r1/z2/b': 1, 'r2/z1/c': 5 })).toEqual([
      80,
      20,
      undefined,
    ])
  })

  test('several localities of a share divide it by their weights, rounded up', () => {
    expect(weights({ r1: 70, r2: 30 }, { 'r1/z1': 1, 'r1/z2': 2, 'r2/z1': 1 })).toEqual([24, 47, 30])
  })

  test('a caller that no rule is for leaves the weights as they are', () => {
    expect(weights({ '*': 100 }, { 'r1/z1': 3, r2: 4 }, 'r7')).toEqual([3, 4])
  })

  test('illness counts beyond what is overprovisioned', () => {
    expect(effectiveWeight(50, { healthy: 3, total: 4 }, 140)).toBe(50)
    expect(effectiveWeight(50, { healthy: 1, total: 2 }, 140)).toBeCloseTo(35)
    expect(effectiveWeight(50, { healthy: 0, total: 2 }, 140)).toBe(0)
    expect(effectiveWeight(50, { healthy: 0, total: 0 }, 140)).toBe(0)
    expect(effectiveWeight(50, { healthy: 1, total: 3, excluded: 1 }, 100)).toBe(25)
  })
})

describe('zone awareness', () => {
  const config = { minClusterSize: 6, routingEnabledPercent: 100 }

  /** `upstream:local` by zone, the own one first; `-` for none at all. */
  const routing = (text: string, more = {}): ReturnType<typeof zoneRouting> =>
    zoneRouting(
      text.split(' ').map((zone, at) => {
        const [upstream, local] = zone.split(':').map((part) => (part === '-' ? undefined : Number(part)))
        return {
          ...(upstream === undefined ? {} : { upstream }),
          ...(local === undefined ? {} : { local }),
          own: at === 0,
        }
      }),
      { ...config, ...more },
    )

  test.each<[string, string, object | undefined]>([
    ['as many called as callers: everything stays', '4:2 4:2', { stay: 10_000 }],
    ['more called than callers', '6:1 2:3', { stay: 10_000 }],
    // Envoy load_balancer_impl.cc: 20 % of the callers, 10 % of the called: half stays.
    ['half stays', '1:2 5:4 4:4', { own: 0, stay: 5_000, residual: [0, 1_000, 1_000] }],
    ['callers 40/40/20, called 25/50/25', '5:4 10:4 5:2', { stay: 6_250, residual: [0, 1_000, 1_500] }],
    ['nobody to be called at home', '0:2 4:1 4:1', { own: 0, stay: 0, residual: [0, 2_500, 5_000] }],
    ['no such zone there', '-:2 4:1 4:1', { own: -1, stay: 0, residual: [2_500, 5_000] }],
    ['too small', '2:2 3:2', undefined],
    ['one zone called', '8:2 -:2', undefined],
    ['callers in one zone', '4:2 4:-', undefined],
    ['no caller is known here', '4:- 4:2 4:2', undefined],
  ])('%s', (_, zones, expected) => {
    if (expected === undefined) expect(routing(zones)).toBeUndefined()
    else expect(routing(zones)).toMatchObject(expected)
  })

  test('forced into the own zone where that has enough', () => {
    expect(routing('2:4 6:1', { forceLocalZoneMinSize: 2 })).toMatchObject({ stay: 10_000 })
    expect(routing('2:4 6:1', { forceLocalZoneMinSize: 3 })).toMatchObject({ stay: 3_125 })
    expect(routing('4:2 4:-', { forceLocalZoneMinSize: 1 })).toMatchObject({ stay: 10_000 })
  })

  test('every upstream host gets the same share when all callers choose so', () => {
    const zone = fc.record({ upstream: fc.integer({ min: 1, max: 20 }), local: fc.integer({ min: 1, max: 20 }) })
    fc.assert(
      fc.property(fc.array(zone, { minLength: 2, maxLength: 5 }), fc.integer(), (zones, seed) => {
        const upstream = zones.reduce((sum, each) => sum + each.upstream, 0)
        const local = zones.reduce((sum, each) => sum + each.local, 0)
        const random = seededRandom(seed)
        const shares = zones.map(() => 0)
        for (const [from, { local: callers }] of zones.entries()) {
          const routes = zoneRouting(
            zones.map((each, at) => ({ ...each, own: at === from })),
            { ...config, minClusterSize: 0 },
          )
          if (routes === undefined) throw new Error('not routed')
          for (let call = 0; call < 1_000; call++) {
            const to = chooseZone(routes, random)
            shares[to] = (shares[to] as number) + callers / local / 1_000
          }
        }
        for (const [at, each] of zones.entries()) {
          expect(Math.abs((shares[at] as number) - each.upstream / upstream)).toBeLessThan(0.06)
        }
      }),
      { numRuns: 60 },
    )
  })
})
