import { type Cluster, DEFAULT_OUTLIER_DETECTION, type Endpoint, parseLocality } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ClusterRuntime, PickContext } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { hash64 } from '../../../support/hash64.ts'
import { wireEndpoint } from '../../../support/wire.ts'
import { ANY, bench, FAILED, picked, REFUSED, stateOf } from './bench.ts'

const SELF = {
  locality: parseLocality('r1/z1/s1'),
  labels: { tier: 'gold' },
  service: { name: 'caller', namespace: 'default' },
}
const DETECTING = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 1, maxEjectionPercent: 100 }
const FAILOVER: Partial<Cluster> = { localityLb: {}, outlierDetection: DETECTING }

/** Endpoints by locality, numbered through. */
function endpoints(...localities: readonly string[]): Endpoint[] {
  return localities.map((locality, at) => wireEndpoint(at + 1, { locality: parseLocality(locality) }))
}

/** Share of each locality among many picks, in percent. */
function shares(cluster: ClusterRuntime, context: PickContext = ANY, picks = 4_000): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let at = 0; at < picks; at++) {
    const { region = 'nobody', zone = '' } = cluster.pick(context)?.endpoint.locality ?? {}
    const key = `${region}/${zone}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, Math.round((100 * count) / picks)]))
}

describe('failover', () => {
  const FOUR = endpoints('r1/z1/s1', 'r1/z1/s1', 'r1/z2/s1', 'r2/z1/s1')

  test('all goes to the nearest; as those go out, by and by to the next, and back', async () => {
    const { set, attempt, time } = bench(1, SELF)
    const cluster = set(FOUR, FAILOVER)
    expect(shares(cluster)).toEqual({ 'r1/z1': 100 })
    attempt(stateOf(cluster, FOUR[0] as Endpoint), FAILED)
    // Half of two, overprovisioned: 70 %.
    const half = shares(cluster)
    expect(half['r1/z1']).toBeGreaterThan(66)
    expect(half['r1/z1']).toBeLessThan(74)
    expect(half['r1/z2']).toBe(100 - (half['r1/z1'] ?? 0))
    attempt(stateOf(cluster, FOUR[1] as Endpoint), FAILED)
    expect(shares(cluster)).toEqual({ 'r1/z2': 100 })
    attempt(stateOf(cluster, FOUR[2] as Endpoint), FAILED)
    expect(shares(cluster)).toEqual({ 'r2/z1': 100 })
    await time.advance(30_000)
    expect(shares(cluster)).toEqual({ 'r1/z1': 100 })
  })

  test('a refused endpoint makes room for the next priority until it is back', async () => {
    const { set, attempt, time, ...rest } = bench(1, SELF)
    const cluster = set(endpoints('r1/z1/s1', 'r2'), {
      ...FAILOVER,
      outlierDetection: { ...DETECTING, consecutive5xx: 0 },
    })
    const [near] = endpoints('r1/z1/s1')
    attempt(stateOf(cluster, near as Endpoint), REFUSED)
    expect(shares(cluster)).toEqual({ 'r2/': 100 })
    expect(rest.told).toEqual([])
  })

  test('without outlier detection localities make no difference, unless always', () => {
    const { set } = bench(1, SELF)
    expect(Object.keys(shares(set(FOUR, { localityLb: {} })))).toHaveLength(3)
    expect(shares(set(FOUR, { localityLb: { always: true } }))).toEqual({ 'r1/z1': 100 })
  })

  test('labels rank within and across localities', () => {
    const gold = { labels: { tier: 'gold' } }
    const some = endpoints('r1/z1/s1', 'r2', 'r3').map((endpoint, at) =>
      at === 1 ? { ...endpoint, ...gold } : endpoint,
    )
    const { set } = bench(1, SELF)
    const config = { ...FAILOVER, localityLb: { failoverPriority: ['tier'] } }
    expect(shares(set(some, config))).toEqual({ 'r2/': 100 })
  })

  test('a process that does not say where it runs uses all alike', () => {
    const { set } = bench()
    expect(Object.keys(shares(set(endpoints('r1', 'r2', 'r3'), FAILOVER)))).toHaveLength(3)
  })

  test('who is marked unhealthy by discovery counts as ill, who is about to go not at all', () => {
    const { set } = bench(1, SELF)
    const [one, two, far] = endpoints('r1/z1/s1', 'r1/z1/s1', 'r2') as [Endpoint, Endpoint, Endpoint]
    expect(shares(set([one, { ...two, healthStatus: 'DRAINING' }, far], FAILOVER))).toEqual({ 'r1/z1': 100 })
    const ill = shares(set([one, { ...two, healthStatus: 'UNHEALTHY' }, far], FAILOVER))
    expect(Math.abs((ill['r1/z1'] ?? 0) - 70)).toBeLessThan(4)
  })
})

describe('distribute', () => {
  const localityLb = { distribute: [{ from: 'r1/*', to: { 'r1/z1/*': 80, 'r1/z2/*': 20 } }] }
  const MANY = endpoints('r1/z1/a', 'r1/z1/a', 'r1/z2/a', 'r1/z2/a', 'r1/z2/a', 'r2/z1/a')

  test('by its weights, however many endpoints there are, and nobody else', () => {
    const { set } = bench(1, SELF)
    const found = shares(set(MANY, { localityLb }))
    expect(found).toEqual({ 'r1/z1': 80, 'r1/z2': 20 })
  })

  test('a locality that is ill gives its share up in proportion', () => {
    const { set, attempt } = bench(1, SELF)
    const cluster = set(MANY, { localityLb, outlierDetection: DETECTING })
    attempt(stateOf(cluster, MANY[0] as Endpoint), FAILED)
    // 80 * 0.7 against 20.
    expect(Math.abs((shares(cluster)['r1/z1'] ?? 0) - 74)).toBeLessThan(2)
  })

  test('one table of a ring holds all localities by weight', () => {
    const { set } = bench(1, SELF)
    const cluster = set(MANY, { localityLb, lbPolicy: 'RING_HASH' })
    const counts: Record<string, number> = {}
    const first = new Map<number, string | undefined>()
    for (let key = 0; key < 4_000; key++) {
      const hash = hash64((BigInt(key) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn)
      const found = cluster.pick({ ...ANY, hash })?.endpoint
      first.set(key, found?.id)
      const zone = found?.locality.zone ?? 'nobody'
      counts[zone] = (counts[zone] ?? 0) + 1
      expect(cluster.pick({ ...ANY, hash })?.endpoint.id).toBe(first.get(key))
    }
    expect(Math.abs((counts.z1 ?? 0) / 40 - 80)).toBeLessThan(8)
  })
})

describe('panic', () => {
  const THREE = [1, 2, 3].map((number) => wireEndpoint(number))
  const config = { outlierDetection: DETECTING, healthyPanicThresholdPercent: 50 }

  test('below the threshold everyone is used, above it the healthy', () => {
    const { set, attempt } = bench()
    const cluster = set(THREE, config)
    attempt(stateOf(cluster, THREE[0] as Endpoint), FAILED)
    expect(picked(cluster)).toHaveLength(2)
    attempt(stateOf(cluster, THREE[1] as Endpoint), FAILED)
    expect(picked(cluster)).toHaveLength(3)
  })

  test('without a threshold nobody is used who is out', () => {
    const { set, attempt } = bench()
    const cluster = set(THREE, { outlierDetection: DETECTING })
    for (const endpoint of THREE) attempt(stateOf(cluster, endpoint), FAILED)
    expect(picked(cluster)).toEqual([])
  })

  test('even then not who refuses connections, nor who is about to go', () => {
    const { set, attempt } = bench()
    const leaving = { ...(THREE[2] as Endpoint), healthStatus: 'DRAINING' as const }
    const cluster = set([THREE[0] as Endpoint, THREE[1] as Endpoint, leaving], config)
    attempt(stateOf(cluster, THREE[0] as Endpoint), FAILED)
    attempt(stateOf(cluster, THREE[1] as Endpoint), FAILED)
    expect(picked(cluster)).toHaveLength(2)
    attempt(stateOf(cluster, THREE[1] as Endpoint), REFUSED)
    expect(picked(cluster)).toEqual([THREE[0]?.id])
  })

  test('not where other priorities have enough', () => {
    const { set, attempt } = bench(1, SELF)
    const some = endpoints('r1/z1/s1', 'r1/z1/s1', 'r1/z1/s1', 'r2', 'r2')
    const cluster = set(some, { ...config, localityLb: {} })
    attempt(stateOf(cluster, some[0] as Endpoint), FAILED)
    attempt(stateOf(cluster, some[1] as Endpoint), FAILED)
    expect(picked(cluster)).not.toContain(some[0]?.id)
    attempt(stateOf(cluster, some[3] as Endpoint), FAILED)
    attempt(stateOf(cluster, some[4] as Endpoint), FAILED)
    expect(picked(cluster)).toHaveLength(5)
  })
})

describe('zone awareness', () => {
  const zoneAware = { minClusterSize: 2, routingEnabledPercent: 100 }
  const config = { localityLb: { always: true, zoneAware } }
  const callers = {
    name: 'outbound|80||caller.default.svc.cluster.local',
    service: { host: 'caller.default.svc.cluster.local', name: 'caller', namespace: 'default' },
  }

  test('keeps what the zone can take, by the endpoints of the own service as they change', () => {
    const { set } = bench(1, SELF)
    const cluster = set(endpoints('r1/z1/s1', 'r1/z2/s1', 'r1/z2/s1', 'r2/z1/s1'), config)
    // Nobody follows the own service: zones are not looked at, regions are.
    expect(Math.abs((shares(cluster)['r1/z1'] ?? 0) - 33)).toBeLessThan(3)
    set(
      [101, 102, 103].map((number) =>
        wireEndpoint(number, { locality: parseLocality(number > 102 ? 'r1/z2/s1' : 'r1/z1/s1') }),
      ),
      callers,
    )
    // Two thirds of the callers for a third of the endpoints: half stays.
    expect(Math.abs((shares(cluster)['r1/z1'] ?? 0) - 50)).toBeLessThan(3)
    set(
      [101, 102, 103].map((number) =>
        wireEndpoint(number, { locality: parseLocality(number > 101 ? 'r1/z2/s1' : 'r1/z1/s1') }),
      ),
      callers,
    )
    expect(shares(cluster)).toEqual({ 'r1/z1': 100 })
  })

  test('only so many calls look at zones', () => {
    const { set } = bench(1, SELF)
    const localityLb = { always: true, zoneAware: { ...zoneAware, routingEnabledPercent: 0 } }
    const cluster = set(endpoints('r1/z1/s1', 'r1/z2/s1', 'r1/z2/s1'), { localityLb })
    set(
      [101, 102].map((number) =>
        wireEndpoint(number, { locality: parseLocality(number > 101 ? 'r1/z2/s1' : 'r1/z1/s1') }),
      ),
      callers,
    )
    expect(Math.abs((shares(cluster)['r1/z1'] ?? 0) - 33)).toBeLessThan(3)
  })
})

describe('further attempts', () => {
  const SOME = endpoints('r1/z1/s1', 'r1/z1/s1', 'r2')

  test('go to untried endpoints, but not where no traffic goes', () => {
    const { set } = bench(1, SELF)
    const cluster = set(SOME, FAILOVER)
    const [one, two] = SOME.map((endpoint) => stateOf(cluster, endpoint))
    if (one === undefined || two === undefined) throw new Error('missing')
    expect(picked(cluster, { tried: [one], avoidTried: true })).toEqual([two.endpoint.id])
    expect(picked(cluster, { tried: [one, two], avoidTried: true })).toHaveLength(2)
  })

  test('leave the tried priorities out where the policy says so', () => {
    const { set } = bench(1, SELF)
    const cluster = set(SOME, FAILOVER)
    const [one, two, far] = SOME.map((endpoint) => stateOf(cluster, endpoint))
    if (one === undefined || two === undefined || far === undefined) throw new Error('missing')
    const again = { avoidTried: true, previousPrioritiesUpdateFrequency: 2 }
    expect(picked(cluster, { ...again, tried: [one] })).toEqual([two.endpoint.id])
    expect(picked(cluster, { ...again, tried: [one, two] })).toEqual([far.endpoint.id])
    expect(picked(cluster, { ...again, avoidTried: false, tried: [one, one] })).toEqual([far.endpoint.id])
    expect(picked(cluster, { ...again, avoidTried: false, tried: [one, two, far, far] })).toHaveLength(2)
  })
})

describe('subset fallback', () => {
  const labelled = (number: number, labels: Readonly<Record<string, string>>): Endpoint =>
    wireEndpoint(number, { labels })
  const ALL = [
    labelled(1, { version: 'v1' }),
    labelled(2, { version: 'v1', stage: 'prod' }),
    labelled(3, { version: 'v2' }),
  ]
  const subset = { subset: 'v3', subsetLabels: { version: 'v3' } }

  test.each<[string, Partial<Cluster>, number[]]>([
    [
      'the subset, while it has anybody',
      { subsetLabels: { version: 'v2' }, subsetFallback: { policy: 'ANY_ENDPOINT' } },
      [3],
    ],
    ['anybody', { ...subset, subsetFallback: { policy: 'ANY_ENDPOINT' } }, [1, 2, 3]],
    ['a default subset', { ...subset, subsetFallback: { policy: 'DEFAULT_SUBSET', labels: { stage: 'prod' } } }, [2]],
    [
      'a default subset of nobody',
      { ...subset, subsetFallback: { policy: 'DEFAULT_SUBSET', labels: { stage: 'x' } } },
      [],
    ],
    ['no fallback: what is assigned is the subset', subset, [1, 2, 3]],
  ])('%s', (_, config, expected) => {
    expect(picked(bench().set(ALL, config))).toEqual(expected.map((number) => wireEndpoint(number).id))
  })

  test('a subset that is there but ill falls back to nobody, as in Envoy', () => {
    const config = { subsetLabels: { version: 'v2' }, subsetFallback: { policy: 'ANY_ENDPOINT' as const } }
    const [one, two, three] = ALL as [Endpoint, Endpoint, Endpoint]
    expect(picked(bench().set([one, two, { ...three, healthStatus: 'UNHEALTHY' }], config))).toEqual([])
  })
})
