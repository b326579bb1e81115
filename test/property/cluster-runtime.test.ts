import { DEFAULT_OUTLIER_DETECTION, type Endpoint, type HealthStatus, type LbPolicy } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClusterManager } from '../../packages/mesh-client/src/cluster/cluster-manager.ts'
import type { ClusterRuntime, EndpointState, Outcome } from '../../packages/mesh-client/src/cluster/types.ts'
import { seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { nullRecorder } from '../../packages/mesh-client/src/kernel/recorder.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { byId, wireCluster, wireEndpoint } from '../support/wire.ts'

const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(200, 500, 503).map((status): Outcome => ({ kind: 'response', status })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Outcome>(
      { kind: 'connectFailure', refused: true },
      { kind: 'connectFailure', refused: false },
      { kind: 'reset' },
      { kind: 'timeout' },
      { kind: 'aborted' },
      { kind: 'localOverflow' },
    ),
  },
)

const member = fc.record({
  number: fc.nat(6),
  weight: fc.integer({ min: 1, max: 3 }),
  healthStatus: fc.constantFrom<HealthStatus>('HEALTHY', 'HEALTHY', 'HEALTHY', 'UNHEALTHY', 'DRAINING'),
})

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.array(outcome, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ assign: fc.uniqueArray(member, { selector: ({ number }) => number }) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(50, 1_000, 12_000, 40_000), connects: fc.boolean() }) },
)

function usable(states: readonly EndpointState[]): EndpointState[] {
  const admitted = states.filter((state) => state.endpoint.healthStatus === 'HEALTHY' && !state.ejected)
  const connecting = admitted.filter((state) => !state.refused)
  return connecting.length > 0 ? connecting : admitted
}

/** One call: attempts on endpoints that it has not tried, all of them ending only after the last was picked. */
function call(cluster: ClusterRuntime, outcomes: readonly Outcome[], now: number): void {
  const tried: EndpointState[] = []
  const hash = { hi: Math.imul(now, 2_654_435_761) >>> 0, lo: 1 }
  for (let attempt = 0; attempt < outcomes.length; attempt++) {
    const candidates = usable([...cluster.endpoints()])
    const state = cluster.pick({ tried, avoidTried: true, hash })
    if (state === undefined) {
      expect(candidates).toEqual([])
      break
    }
    expect(candidates).toContain(state)
    if (candidates.some((candidate) => !tried.includes(candidate))) expect(tried).not.toContain(state)
    cluster.attemptStarted(state)
    tried.push(state)
  }
  tried.forEach((state, index) => {
    const outcome = outcomes[index] as Outcome
    const report = { 'endpoint-load-metrics': `TEXT rps_fractional=${1 + (now % 7)},cpu_utilization=0.5` }
    if (outcome.kind === 'response') cluster.learner?.answered(state, now, now + index, outcome.status, report)
    else cluster.learner?.ended(state, now, now + index, outcome)
    cluster.attemptEnded(state, outcomes[index] as Outcome, now)
  })
}

test('whatever happens: picks are usable and untried, the share of ejected holds, and states outlive assignments', async () => {
  const runs = fc.record({
    lbPolicy: fc.constantFrom<LbPolicy>(
      'ROUND_ROBIN',
      'LEAST_REQUEST',
      'RANDOM',
      'RING_HASH',
      'MAGLEV',
      'PEAK_EWMA',
      'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
    ),
    maxEjectionPercent: fc.constantFrom(10, 34, 50, 100),
    seed: fc.integer(),
    steps: fc.array(step, { minLength: 5, maxLength: 40 }),
  })
  let refused = 0
  let ejected = 0
  await fc.assert(
    fc.asyncProperty(runs, async ({ lbPolicy, maxEjectionPercent, seed, steps }) => {
      const time = fakeClock()
      let connects = false
      const released: EndpointState[] = []
      const manager = createClusterManager({
        ...time,
        random: seededRandom(seed),
        recorder: {
          ...nullRecorder,
          ejected: () => {
            ejected++
            const all = [...cluster.endpoints()]
            const out = all.filter((state) => state.ejected).length
            expect((100 * out) / all.length).toBeLessThanOrEqual(maxEjectionPercent)
          },
        },
        transport: { probe: () => Promise.resolve(connects), release: (state) => released.push(state) },
      })
      const outlierDetection = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 2, maxEjectionPercent }
      const config = wireCluster({ lbPolicy, outlierDetection, maglev: { tableSize: 251 } })
      const assign = (endpoints: readonly Endpoint[]): void => {
        const before = new Map([...(manager.get(config.name)?.endpoints() ?? [])].map((one) => [one.endpoint.id, one]))
        manager.upsert(config, byId(endpoints))
        const after = new Map([...cluster.endpoints()].map((one) => [one.endpoint.id, one]))
        expect([...after.keys()].sort()).toEqual(endpoints.map(({ id }) => id).sort())
        for (const [id, state] of before) {
          if (after.has(id)) expect(after.get(id)).toBe(state)
          else expect(released.filter((one) => one === state)).toHaveLength(1)
        }
        for (const endpoint of endpoints) expect(after.get(endpoint.id)?.endpoint).toBe(endpoint)
      }
      manager.upsert(config, new Map())
      const cluster = manager.get(config.name) as ClusterRuntime
      assign([1, 2, 3].map((number) => wireEndpoint(number)))
      for (const at of steps) {
        if ('call' in at) call(cluster, at.call, time.clock.now())
        else if ('assign' in at) assign(at.assign.map(({ number, ...rest }) => wireEndpoint(number, rest)))
        else {
          connects = at.connects
          await time.advance(at.wait)
          if (connects && at.wait > 11_000) expect([...cluster.endpoints()].some((one) => one.refused)).toBe(false)
        }
        for (const state of cluster.endpoints()) {
          expect(state).toMatchObject({ active: 0, draining: false })
          if (state.refused) refused++
        }
      }
      manager.close()
      expect(time.pendingTimers).toBe(0)
    }),
    { numRuns: 300 },
  )
  expect(refused).toBeGreaterThan(50)
  expect(ejected).toBeGreaterThan(50)
})
