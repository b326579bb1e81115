import { DEFAULT_OUTLIER_DETECTION } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ClusterRuntime, EndpointState } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { wireEndpoint } from '../../../support/wire.ts'
import { bench, FAILED } from './bench.ts'

const named = (hostname: string, port = 80) => ({ tried: [], avoidTried: false, destination: { hostname, port } })
const idOf = (state: EndpointState | undefined): string | undefined => state?.endpoint.id
const idsOf = (cluster: ClusterRuntime): string[] => [...cluster.endpoints()].map(({ endpoint }) => endpoint.id)

describe('a cluster that goes where its callers say', () => {
  test('picks what was named, each host and port once', () => {
    const cluster = bench().set([wireEndpoint(1)], { discoveryType: 'ORIGINAL_DST' })
    expect([cluster.goesWhereNamed, idsOf(cluster)]).toEqual([true, []])
    const first = cluster.pick(named('a.com'))
    expect(first?.endpoint).toMatchObject({ id: 'a.com:80', address: 'a.com', port: 80 })
    expect(cluster.pick(named('a.com'))).toBe(first)
    expect(idOf(cluster.pick(named('a.com', 81)))).toBe('a.com:81')
    expect(cluster.pick(named('[::1]'))?.endpoint).toMatchObject({ id: '[::1]:80', address: '::1' })
    expect(cluster.endpointCount).toBe(1)
  })

  test('connects to another port where policy says so', () => {
    const cluster = bench().set([], { discoveryType: 'ORIGINAL_DST', upstreamPortOverride: 8443 })
    expect(idOf(cluster.pick(named('a.com')))).toBe('a.com:8443')
  })

  test('picks nothing where nobody was named', () => {
    const cluster = bench().set([], { discoveryType: 'ORIGINAL_DST' })
    expect(cluster.pick({ tried: [], avoidTried: false })).toBeUndefined()
  })

  test('picks what has failed again, as there is no other', () => {
    const { set, attempt } = bench()
    const cluster = set([], { discoveryType: 'ORIGINAL_DST' })
    const state = cluster.pick(named('a.com')) as EndpointState
    attempt(state, { kind: 'connectFailure', refused: true })
    attempt(state, FAILED)
    expect(cluster.pick({ ...named('a.com'), tried: [state], avoidTried: true })).toBe(state)
  })

  // Envoy `original_dst_cluster.cc`: `chooseHost` looks at the map of hosts, never at their health.
  test('judges its hosts, and picks one that is out all the same', async () => {
    const { set, attempt, told, time } = bench()
    const outlierDetection = { ...DEFAULT_OUTLIER_DETECTION, consecutive5xx: 1, maxEjectionPercent: 100 }
    const cluster = set([], { discoveryType: 'ORIGINAL_DST', outlierDetection })
    const state = cluster.pick(named('a.com')) as EndpointState
    cluster.pick(named('b.com'))
    attempt(state, FAILED)
    expect([told, state.ejected]).toEqual([['ejected a.com:80 consecutive_5xx'], true])
    expect(cluster.pick(named('a.com'))).toBe(state)
    await time.advance(outlierDetection.baseEjectionTimeMs + outlierDetection.intervalMs)
    expect(told.at(-1)).toBe('unejected a.com:80')
  })

  test('keeps its hosts over changes of policy, and lets go of those that nobody calls', async () => {
    const { set, time, released } = bench()
    const cluster = set([], { discoveryType: 'ORIGINAL_DST' })
    const busy = cluster.pick(named('busy.com')) as EndpointState
    cluster.attemptStarted(busy)
    const idle = cluster.pick(named('idle.com'))
    set([], { discoveryType: 'ORIGINAL_DST', connectTimeoutMs: 5 })
    expect(cluster.pick(named('idle.com'))).toBe(idle)
    await time.advance(130_000)
    expect([idsOf(cluster), released]).toEqual([['busy.com:80'], ['idle.com:80']])
  })

  test('becomes another when policy says so', () => {
    const { set, released } = bench()
    const cluster = set([], { discoveryType: 'ORIGINAL_DST' })
    cluster.pick(named('a.com'))
    set([wireEndpoint(1)], {})
    expect([cluster.goesWhereNamed, idOf(cluster.pick(named('a.com'))), released]).toEqual([
      false,
      wireEndpoint(1).id,
      ['a.com:80'],
    ])
  })
})
