import {
  DEFAULT_OUTLIER_DETECTION,
  type Endpoint,
  type HealthStatus,
  type LbPolicy,
  type LocalityLbSetting,
  parseLocality,
} from '@weft/mesh-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClusterManager } from '../../packages/mesh-client/src/cluster/cluster-manager.ts'
import type { ClusterRuntime, EndpointState } from '../../packages/mesh-client/src/cluster/types.ts'
import { seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { nullRecorder } from '../../packages/mesh-client/src/kernel/recorder.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { byId, wireCluster, wireEndpoint } from '../support/wire.ts'

const place = fc.constantFrom('r1/z1/s1', 'r1/z1/s2', 'r1/z2', 'r2/z1', 'r3', '')

const member = fc.record({
  locality: place.map(parseLocality),
  weight: fc.integer({ min: 1, max: 3 }),
  labels: fc.constantFrom<Readonly<Record<string, string>>>({}, { tier: 'gold' }),
  healthStatus: fc.constantFrom<HealthStatus>('HEALTHY', 'HEALTHY', 'HEALTHY', 'UNHEALTHY', 'DRAINING'),
})

const setting = fc.constantFrom<LocalityLbSetting>(
  {},
  { always: true, failover: [{ from: 'r1', to: 'r3' }] },
  { failoverPriority: ['tier', 'topology.kubernetes.io/region'] },
  { distribute: [{ from: 'r1/*', to: { 'r1/*': 70, 'r2/*': 20, r3: 10 } }] },
  { always: true, zoneAware: { minClusterSize: 1, routingEnabledPercent: 100 } },
)

/** A locality that `distribute` names nothing for gets no calls. */
function isServed({ localityLb, self }: { localityLb: LocalityLbSetting; self: string }, endpoint: Endpoint): boolean {
  return localityLb.distribute === undefined || !self.startsWith('r1') || endpoint.locality.region !== ''
}

test('whatever is ill and wherever it is: only usable endpoints are picked, outside panic, as long as one is served', () => {
  const runs = fc.record({
    members: fc.array(member, { maxLength: 14 }),
    self: place,
    localityLb: setting,
    lbPolicy: fc.constantFrom<LbPolicy>('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV', 'PEAK_EWMA'),
    panic: fc.constantFrom(0, 0, 40, 100),
    ejects: fc.array(fc.nat(13), { maxLength: 10 }),
    frequency: fc.constantFrom(undefined, 1, 2),
    seed: fc.integer(),
  })
  let panicked = 0
  let ejected = 0
  fc.assert(
    fc.property(runs, (run) => {
      const time = fakeClock()
      const manager = createClusterManager({
        ...time,
        random: seededRandom(run.seed),
        recorder: nullRecorder,
        transport: { probe: () => Promise.resolve(true), release: () => undefined },
        caller: {
          locality: parseLocality(run.self),
          labels: { tier: 'gold' },
          service: { name: 'reviews', namespace: 'default' },
        },
      })
      const endpoints = run.members.map((each, at) => wireEndpoint(at + 1, each))
      const config = wireCluster({
        lbPolicy: run.lbPolicy,
        localityLb: run.localityLb,
        outlierDetection: { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 1, maxEjectionPercent: 100 },
        healthyPanicThresholdPercent: run.panic,
      })
      manager.upsert(config, byId(endpoints))
      const cluster = manager.get(config.name) as ClusterRuntime
      const states = [...cluster.endpoints()]
      for (const at of run.ejects) {
        const state = states[at]
        if (state === undefined) continue
        cluster.attemptStarted(state)
        cluster.attemptEnded(state, { kind: 'response', status: 500 }, 0)
      }
      const isUsable = (state: EndpointState): boolean => state.endpoint.healthStatus === 'HEALTHY' && !state.ejected
      const served = states.filter(({ endpoint }) => isServed(run, endpoint))
      const staying = served.filter(({ endpoint }) => endpoint.healthStatus !== 'DRAINING')
      const wellPercent = (100 * staying.filter(isUsable).length) / Math.max(1, staying.length)
      const tried: EndpointState[] = []
      for (let pick = 0; pick < 12; pick++) {
        const hash = { hi: pick * 7919, lo: run.seed >>> 0 }
        const context = { tried, avoidTried: true, hash, previousPrioritiesUpdateFrequency: run.frequency }
        const found = cluster.pick(context)
        if (run.panic === 0 && !served.some(isUsable)) expect(found).toBeUndefined()
        if (served.some(isUsable)) expect(found).toBeDefined()
        if (found === undefined) break
        expect(served).toContain(found)
        expect(found.endpoint.healthStatus).not.toBe('DRAINING')
        if (!isUsable(found)) {
          panicked++
          expect(run.panic).toBeGreaterThan(0)
          // With 140 % of overprovisioning, whoever has 72 % of the endpoints well needs no panic.
          expect(wellPercent).toBeLessThan(100)
        }
        if (found.ejected) ejected++
        if (pick % 3 === 2) tried.push(found)
      }
      manager.close()
      expect(time.pendingTimers).toBe(0)
    }),
    { numRuns: 1_500 },
  )
  expect(panicked).toBeGreaterThan(50)
  expect(ejected).toBeGreaterThan(20)
})
