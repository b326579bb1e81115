import { DEFAULT_CIRCUIT_BREAKERS, DEFAULT_OUTLIER_DETECTION, type Endpoint, UNLIMITED } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ClusterRuntime, EndpointState, Outcome } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { byId, wireCluster, wireEndpoint } from '../../../support/wire.ts'
import { ANY, bench, FAILED, OK, picked, REFUSED, stateOf } from './bench.ts'

const [a, b, c] = [1, 2, 3].map((number) => wireEndpoint(number)) as [Endpoint, Endpoint, Endpoint]
const OUTLIERS = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 2, maxEjectionPercent: 100 }

describe('what can be picked', () => {
  test('healthy endpoints, and nothing where there are none', () => {
    const { set } = bench()
    expect(
      picked(
        set([a, b, wireEndpoint(9, { healthStatus: 'UNHEALTHY' }), wireEndpoint(8, { healthStatus: 'DRAINING' })]),
      ),
    ).toEqual([a.id, b.id])
    expect(set([]).pick(ANY)).toBeUndefined()
    expect(set([wireEndpoint(9, { healthStatus: 'UNHEALTHY' })]).pick(ANY)).toBeUndefined()
  })

  test('no refused endpoint, unless nothing else is left', () => {
    const { set, attempt } = bench()
    const cluster = set([a, b])
    attempt(stateOf(cluster, a), REFUSED)
    expect(picked(cluster)).toEqual([b.id])
    attempt(stateOf(cluster, b), REFUSED)
    expect(picked(cluster)).toEqual([a.id, b.id])
  })

  test('a connection that fails otherwise leaves the endpoint in', () => {
    const { set, attempt } = bench()
    const cluster = set([a, b])
    attempt(stateOf(cluster, a), { kind: 'connectFailure', refused: false })
    expect(picked(cluster)).toEqual([a.id, b.id])
  })

  test('no ejected endpoint, even when none is left', () => {
    const { set, attempt } = bench()
    const cluster = set([a, b], { outlierDetection: OUTLIERS })
    for (const endpoint of [a, a, b]) attempt(stateOf(cluster, endpoint), FAILED)
    expect(picked(cluster)).toEqual([b.id])
    attempt(stateOf(cluster, b), FAILED)
    expect(cluster.pick(ANY)).toBeUndefined()
  })

  test('refused before ejected', () => {
    const { set, attempt } = bench()
    const cluster = set([a, b], { outlierDetection: OUTLIERS })
    for (const outcome of [FAILED, FAILED]) attempt(stateOf(cluster, a), outcome)
    attempt(stateOf(cluster, b), REFUSED)
    expect(picked(cluster)).toEqual([b.id])
  })

  test('tried endpoints only when they are all that is left, or nobody minds', () => {
    const { set } = bench()
    const cluster = set([a, b, c])
    const tried = [stateOf(cluster, a), stateOf(cluster, b)]
    expect(picked(cluster, { tried, avoidTried: true })).toEqual([c.id])
    expect(picked(cluster, { tried, avoidTried: false })).toEqual([a.id, b.id, c.id])
    expect(picked(cluster, { tried: [...cluster.endpoints()], avoidTried: true })).toEqual([a.id, b.id, c.id])
  })
})

describe('a new assignment', () => {
  test('keeps the state of endpoints that stay, with what is new about them', () => {
    const { set, attempt } = bench()
    const cluster = set([a, b])
    const state = stateOf(cluster, a)
    cluster.attemptStarted(state)
    attempt(state, REFUSED)
    state.transport = 'pool'
    expect(set([wireEndpoint(1, { weight: 5 }), c])).toBe(cluster)
    const after = stateOf(cluster, a)
    expect(after).toBe(state)
    expect(after).toMatchObject({ active: 1, refused: true, transport: 'pool', endpoint: { weight: 5 } })
    expect(cluster.endpointCount).toBe(2)
  })

  test('releases endpoints that are gone and lets their attempts end', () => {
    const { set, released } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, consecutive5xx: 1 } })
    const state = stateOf(cluster, a)
    cluster.attemptStarted(state)
    set([b])
    expect(released).toEqual([a.id])
    expect(state.draining).toBe(true)
    expect(picked(cluster)).toEqual([b.id])
    cluster.attemptEnded(state, FAILED, 0)
    expect(state).toMatchObject({ active: 0, ejected: false })
  })

  test('makes a fresh state of an endpoint that comes again, which the old one cannot harm', () => {
    const { set, attempt, time } = bench()
    const cluster = set([a, b])
    const old = stateOf(cluster, a)
    set([b])
    set([a, b])
    expect(stateOf(cluster, a)).not.toBe(old)
    attempt(old, REFUSED)
    expect(picked(cluster)).toEqual([a.id, b.id])
    expect(time.pendingTimers).toBe(0)
  })
})

describe('refused endpoints', () => {
  test('are tried with growing pauses until one connects', async () => {
    const { set, attempt, time, probes } = bench()
    const cluster = set([a, b])
    attempt(stateOf(cluster, a), REFUSED)
    attempt(stateOf(cluster, a), REFUSED)
    await time.advance(60_000)
    const gaps = probes.map(({ at }, index) => at - (probes[index - 1]?.at ?? 0))
    expect(new Set(probes.map(({ id }) => id))).toEqual(new Set([a.id]))
    expect(gaps[0]).toBeLessThan(100)
    expect(Math.max(...gaps)).toBeLessThan(5_000)
    expect(gaps.slice(8).reduce((sum, gap) => sum + gap, 0) / (gaps.length - 8)).toBeGreaterThan(1_000)
    expect(picked(cluster)).toEqual([b.id])
    expect(probes.length).toBeGreaterThan(10)
  })

  test('are back once a probe connects, and are not probed any more', async () => {
    const made = bench()
    const cluster = made.set([a, b])
    made.attempt(stateOf(cluster, a), REFUSED)
    made.probe = () => Promise.reject(new Error('no'))
    await made.time.advance(1_000)
    made.probe = () => Promise.resolve(true)
    await made.time.advance(5_000)
    expect(picked(cluster)).toEqual([a.id, b.id])
    expect(made.time.pendingTimers).toBe(0)
    made.attempt(stateOf(cluster, a), REFUSED)
    expect(picked(cluster)).toEqual([b.id])
    expect(made.time.pendingTimers).toBe(1)
  })

  test('are also those that are doubted, until they have connected', async () => {
    const made = bench()
    const cluster = made.set([a, b])
    made.manager.doubt(cluster.name, [a.id, 'unknown'])
    made.manager.doubt('unknown', [b.id])
    expect(picked(cluster)).toEqual([b.id])
    made.probe = () => Promise.resolve(true)
    await made.time.advance(100)
    expect(picked(cluster)).toEqual([a.id, b.id])
    made.manager.doubt(cluster.name, [a.id, b.id])
    expect(picked(cluster)).toEqual([a.id, b.id])
  })

  test.each(['gone', 'removed', 'closed'])('are let be when %s, even with a probe under way', async (how) => {
    const made = bench()
    const cluster = made.set([a, b])
    let finish: (connected: boolean) => void = () => undefined
    made.probe = () => new Promise((resolve) => (finish = resolve))
    made.attempt(stateOf(cluster, a), REFUSED)
    made.attempt(stateOf(cluster, b), REFUSED)
    await made.time.advance(100)
    if (how === 'gone') made.set([])
    else if (how === 'removed') made.manager.remove(cluster.name)
    else made.manager.close()
    finish(false)
    await made.time.advance(60_000)
    expect(made.probes.length).toBe(2)
    expect(made.time.pendingTimers).toBe(0)
    expect(made.released.sort()).toEqual([a.id, b.id])
  })

  test('a transport that throws is one that did not connect', async () => {
    const made = bench()
    const cluster = made.set([a])
    made.probe = () => {
      throw new Error('no socket')
    }
    made.attempt(stateOf(cluster, a), REFUSED)
    await made.time.advance(1_000)
    expect(made.probes.length).toBeGreaterThan(1)
  })
})

describe('outlier detection', () => {
  test('ejects, sweeps while there is something to do, and comes to rest', async () => {
    const { set, attempt, time, told } = bench()
    const cluster = set([a, b], { outlierDetection: OUTLIERS })
    attempt(stateOf(cluster, a), FAILED)
    attempt(stateOf(cluster, a), { kind: 'reset' })
    expect(told).toEqual([`ejected ${a.id} consecutive_5xx`])
    expect(stateOf(cluster, a).ejected).toBe(true)
    expect(time.pendingTimers).toBe(1)
    await time.advance(29_999)
    expect(picked(cluster)).toEqual([b.id])
    await time.advance(1)
    expect(told[1]).toBe(`unejected ${a.id}`)
    expect(picked(cluster)).toEqual([a.id, b.id])
    await time.advance(10_000)
    expect(time.pendingTimers).toBe(0)
  })

  test.each<Outcome>([{ kind: 'aborted' }, { kind: 'localOverflow' }])('learns nothing from %o', (outcome) => {
    const { set, attempt } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, splitExternalLocalOriginErrors: true } })
    attempt(stateOf(cluster, a), FAILED)
    attempt(stateOf(cluster, a), outcome)
    expect(stateOf(cluster, a).ejected).toBe(false)
    attempt(stateOf(cluster, a), FAILED)
    expect(stateOf(cluster, a).ejected).toBe(true)
  })

  test('keeps to the share of endpoints that may be out, counting those that are gone no more', () => {
    const { set, attempt } = bench()
    const config = { outlierDetection: { ...OUTLIERS, consecutive5xx: 1, maxEjectionPercent: 50 } }
    const cluster = set([a, b], config)
    attempt(stateOf(cluster, a), FAILED)
    attempt(stateOf(cluster, b), FAILED)
    expect(picked(cluster)).toEqual([b.id])
    set([b, c], config)
    attempt(stateOf(cluster, b), FAILED)
    expect(picked(cluster)).toEqual([c.id])
  })

  test('a policy that is taken away brings everything back at once', () => {
    const { set, attempt, time, told } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, consecutive5xx: 1 } })
    attempt(stateOf(cluster, a), FAILED)
    set([a, b])
    expect(picked(cluster)).toEqual([a.id, b.id])
    expect(told.at(-1)).toBe(`unejected ${a.id}`)
    expect(time.pendingTimers).toBe(0)
    attempt(stateOf(cluster, a), FAILED)
    expect(picked(cluster)).toEqual([a.id, b.id])
  })

  test('a policy that changes keeps who is out, by the new times', async () => {
    const { set, attempt, time } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, consecutive5xx: 1 } })
    attempt(stateOf(cluster, a), FAILED)
    set([a, b], { outlierDetection: { ...OUTLIERS, baseEjectionTimeMs: 2_000, intervalMs: 1_000 } })
    expect(picked(cluster)).toEqual([b.id])
    await time.advance(2_000)
    expect(picked(cluster)).toEqual([a.id, b.id])
  })
})

describe('limits', () => {
  test('of requests and retries say no at the limit, tell of it and can change live', () => {
    const { set, told } = bench()
    const limits = { ...DEFAULT_CIRCUIT_BREAKERS, maxRequests: 2, maxRetries: 1 }
    const cluster = set([a], { circuitBreakers: limits })
    const take = (): boolean[] => [
      cluster.tryAcquireRequest(),
      cluster.tryAcquireRequest(),
      cluster.tryAcquireRequest(),
    ]
    expect(take()).toEqual([true, true, false])
    cluster.releaseRequest()
    expect([cluster.tryAcquireRequest(), cluster.tryAcquireRequest()]).toEqual([true, false])
    expect([cluster.tryAcquireRetry(), cluster.tryAcquireRetry()]).toEqual([true, false])
    set([a], { circuitBreakers: { ...limits, maxRequests: 3 } })
    expect(take()).toEqual([true, false, false])
    cluster.releaseRetry()
    expect(cluster.tryAcquireRetry()).toBe(true)
    expect(told.filter((line) => line === 'overflow retries').length).toBe(1)
    expect(told.filter((line) => line === 'overflow requests').length).toBe(4)
  })
})

describe('the manager', () => {
  test('keeps clusters apart by name', () => {
    const { manager, set } = bench()
    const one = set([a])
    const two = set([a], { name: 'two' })
    expect([...manager.all()]).toEqual([one, two])
    manager.remove('two')
    manager.remove('never there')
    expect(manager.get('two')).toBeUndefined()
    expect([...manager.all()]).toEqual([one])
  })

  test('a cluster that is removed or closed gives nothing more to those who still hold it', () => {
    const { manager, set, released, time } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, consecutive5xx: 1 } })
    const state = cluster.pick(ANY) as EndpointState
    cluster.attemptStarted(state)
    manager.close()
    expect(cluster.pick(ANY)).toBeUndefined()
    cluster.attemptEnded(state, REFUSED, 0)
    expect(released.sort()).toEqual([a.id, b.id])
    expect(time.pendingTimers).toBe(0)
  })

  test('a cluster that is removed keeps its endpoints until the calls under way have ended', () => {
    const { manager, set, released, time } = bench()
    const cluster = set([a, b], { outlierDetection: { ...OUTLIERS, consecutive5xx: 1 } })
    cluster.tryAcquireRequest()
    cluster.tryAcquireRequest()
    manager.remove(cluster.name)
    expect(manager.get(cluster.name)).toBeUndefined()
    cluster.releaseRequest()
    expect([picked(cluster), released]).toEqual([[a.id, b.id], []])
    cluster.releaseRequest()
    expect(cluster.pick(ANY)).toBeUndefined()
    expect(released.sort()).toEqual([a.id, b.id])
    expect(time.pendingTimers).toBe(0)
  })

  test('a cluster that comes back while calls of it are under way is the same', () => {
    const { manager, set, released } = bench()
    const cluster = set([a, b])
    cluster.tryAcquireRequest()
    manager.remove(cluster.name)
    expect(set([b, c])).toBe(cluster)
    cluster.releaseRequest()
    expect([picked(cluster), released]).toEqual([[b.id, c.id], [a.id]])
  })

  test('nor does it close while a call is to come', () => {
    const { manager, set } = bench()
    const cluster = set([a])
    cluster.hold()
    manager.remove(cluster.name)
    cluster.tryAcquireRequest()
    cluster.releaseRequest()
    expect(picked(cluster)).toEqual([a.id])
    cluster.unhold()
    expect(cluster.pick(ANY)).toBeUndefined()
  })

  test('close does not wait for calls', () => {
    const { manager, set, released } = bench()
    const cluster = set([a])
    cluster.tryAcquireRequest()
    manager.remove(cluster.name)
    manager.close()
    expect([cluster.pick(ANY), released]).toEqual([undefined, [a.id]])
    cluster.releaseRequest()
    expect(released).toEqual([a.id])
  })

  test('replaces the policy whole', () => {
    const { manager } = bench()
    manager.upsert(wireCluster({ version: '1', lbPolicy: 'RANDOM' }), byId([a]))
    const next = wireCluster({ version: '2', lbPolicy: 'ROUND_ROBIN' })
    manager.upsert(next, byId([a, b]))
    const cluster = manager.get(next.name) as ClusterRuntime
    expect(cluster.config).toBe(next)
    const order = Array.from({ length: 4 }, () => cluster.pick(ANY)?.endpoint.id)
    expect(order[0]).not.toBe(order[1])
    expect(order.slice(2)).toEqual(order.slice(0, 2))
    expect(cluster.breakerAdmits(0)).toBe('pass')
    cluster.callEnded(OK, 'pass', 0)
    expect(cluster.breakerState).toBe('closed')
  })
})

describe('limits, as status and gauges tell them', () => {
  const NONE = { current: 0, max: UNLIMITED }

  test('what is under way stands beside what may be', () => {
    const { set } = bench()
    const circuitBreakers = { maxConnections: 5, maxPendingRequests: 6, maxRequests: 7, maxRetries: 8 }
    const cluster = set([], { circuitBreakers })
    cluster.tryAcquireRequest()
    cluster.tryAcquireRetry()
    expect(cluster.limits()).toEqual({
      connections: { current: 0, max: 5 },
      pending: { current: 0, max: 6 },
      requests: { current: 1, max: 7 },
      retries: { current: 1, max: 8 },
    })
  })

  test('a retry budget grows with the requests, and one by the interval does not limit what is under way', () => {
    const { set } = bench()
    const budget = { budgetPercent: 50, minRetryConcurrency: 1 }
    const cluster = set([], { circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, retryBudget: budget } })
    expect(cluster.limits()).toEqual({
      connections: NONE,
      pending: NONE,
      requests: NONE,
      retries: { current: 0, max: 1 },
    })
    for (let request = 0; request < 8; request++) cluster.tryAcquireRequest()
    expect(cluster.limits().retries).toEqual({ current: 0, max: 4 })
    set([], { circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, retryBudget: { ...budget, intervalMs: 1_000 } } })
    expect(cluster.limits().retries).toEqual(NONE)
  })
})
