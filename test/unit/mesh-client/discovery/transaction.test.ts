import { FIRST_POLICY_WAIT_MS, fail, ok, type RouteConfiguration } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Compile, heldResources } from '../../../../packages/mesh-client/src/discovery/snapshot.ts'
import {
  type Applied,
  emptyStore,
  knownVersions,
  type StoreState,
} from '../../../../packages/mesh-client/src/discovery/store-state.ts'
import { applyHeartbeat, applyUpdate } from '../../../../packages/mesh-client/src/discovery/transaction.ts'
import { assignment, cluster, endpoint, hostIndex, inbound, routes } from './resources.ts'

type State = StoreState<string, number>

/** Stands for routing/: refuses one regex, dies of another. */
const compile: Compile<string, number> = {
  routes(config: RouteConfiguration) {
    const text = JSON.stringify(config)
    if (text.includes('(?=')) return fail([{ field: 'virtualHosts[0].routes[0].match.path.regex', message: 'no RE2' }])
    if (text.includes('BUG')) throw new Error('a bug')
    return ok(`${config.name}@${config.version}`)
  },
  hosts: (index) => index.hosts.length,
  inbound: ({ routes = [] }) => (routes.length === 0 ? ok(0) : fail([{ field: 'routes[0].match', message: 'no RE2' }])),
}

/** Applies events one after the other at the same moment. */
function fold(
  events: readonly (readonly unknown[])[],
  from: State = emptyStore(),
  now = 0,
): { state: State; applied: Applied } {
  let step: { state: State; applied: Applied } = { state: from, applied: { ack: {}, nack: [], resync: undefined } }
  for (const resources of events) {
    step = applyUpdate(step.state, { resources: resources as never, removed: [] }, now, compile)
  }
  return step
}

function removed(
  from: State,
  keys: readonly string[],
  resources: readonly unknown[] = [],
): { state: State; applied: Applied } {
  return applyUpdate(from, { resources: resources as never, removed: keys }, 0, compile)
}

const compiledRoutes = ({ snapshot }: State, host = 'reviews'): string | undefined => {
  const held = snapshot.routes.get(host)
  return held === 'absent' ? 'absent' : held?.compiled
}

const whole = [routes('reviews', 'r1', ['c']), assignment('c', 'a1', ['10.0.0.1:80']), cluster('c', 'c1')]

describe('one event', () => {
  test('comes into force whole, whatever its order, and is acked', () => {
    const { state, applied } = fold([[...whole, hostIndex('h1', ['reviews']), inbound('i1')]])
    expect(compiledRoutes(state)).toBe('reviews@r1')
    expect([...(state.snapshot.assignments.get('c')?.endpoints.keys() ?? [])]).toEqual(['10.0.0.1:80'])
    expect(state.snapshot.hosts?.compiled).toBe(1)
    expect(applied.ack).toEqual({
      'RouteConfiguration/reviews': 'r1',
      'ClusterLoadAssignment/c': 'a1',
      'Cluster/c': 'c1',
      'HostIndex/hosts': 'h1',
      'InboundPolicy/inbound': 'i1',
    })
    expect(knownVersions(state)).toEqual(applied.ack)
  })

  test('leaves what it does not name, and what it repeats, the same object', () => {
    const before = fold([[...whole, hostIndex('h1', ['reviews'])]]).state
    const repeated = fold([[cluster('c', 'c1'), assignment('c', 'a1', ['10.0.0.1:80'])]], before)
    expect(repeated.state.snapshot).toBe(before.snapshot)
    expect(repeated.applied.ack).toEqual({ 'Cluster/c': 'c1', 'ClusterLoadAssignment/c': 'a1' })
    const grown = fold([[assignment('c', 'a2', ['10.0.0.1:80', '10.0.0.2:80'])]], before).state.snapshot
    expect(grown.clusters).toBe(before.snapshot.clusters)
    expect(grown.routes).toBe(before.snapshot.routes)
    expect(grown.assignments.get('c')?.endpoints.get('10.0.0.1:80')).toBe(
      before.snapshot.assignments.get('c')?.endpoints.get('10.0.0.1:80'),
    )
  })

  test('a removed host is known not to exist', () => {
    const { state } = removed(fold([whole]).state, [
      'RouteConfiguration/reviews',
      'Cluster/c',
      'ClusterLoadAssignment/c',
    ])
    expect(compiledRoutes(state)).toBe('absent')
    expect(knownVersions(state)).toEqual({})
    expect(state.snapshot.clusters.size + state.snapshot.assignments.size).toBe(0)
  })

  test('a removal of the inbound policy or of something unknown changes nothing', () => {
    const before = fold([[inbound('i1')]]).state
    expect(removed(before, ['InboundPolicy/inbound', 'Nonsense/x', 'Cluster/none']).state.snapshot).toBe(
      before.snapshot,
    )
  })
})

describe('a bad resource', () => {
  const before = fold([[...whole, inbound('i1')]]).state
  const cases: readonly (readonly [string, unknown, string, string])[] = [
    ['of a wrong shape', { ...cluster('c', 'c2'), connectTimeoutMs: 'soon' }, 'Cluster/c', 'connectTimeoutMs'],
    ['of an unknown type', { type: 'Listener', name: 'l', version: '1' }, 'Listener/l', 'type'],
    ['that is none', null, 'undefined/undefined', 'type'],
    [
      'whose regex does not compile',
      routes('reviews', 'r2', ['c'], '(?=x)'),
      'RouteConfiguration/reviews',
      'virtualHosts[0].routes[0].match.path.regex',
    ],
    ['that the compiler dies of', routes('reviews', 'r2', ['c'], 'BUG'), 'RouteConfiguration/reviews', ''],
    [
      'with a field that an inbound policy does not know',
      inbound('i2', { audit: [] }),
      'InboundPolicy/inbound',
      'audit',
    ],
    [
      'with an inbound rule that does not compile',
      inbound('i2', { routes: [{ name: 'x', match: {} }] }),
      'InboundPolicy/inbound',
      'routes[0].match',
    ],
  ]
  test.each(cases)('%s is nacked alone and what was in force stays', (_what, resource, name, field) => {
    const { state, applied } = fold([[resource, hostIndex('h1', [])]], before)
    expect(applied.nack.map((nack) => [nack.name, nack.violations[0]?.field])).toEqual([[name, field]])
    expect(applied.ack).toEqual({ 'HostIndex/hosts': 'h1' })
    expect(compiledRoutes(state)).toBe('reviews@r1')
    expect(state.snapshot.clusters).toBe(before.snapshot.clusters)
    expect(state.snapshot.inbound).toBe(before.snapshot.inbound)
  })

  test('an unknown field elsewhere is let through', () => {
    const { applied } = fold([[{ ...cluster('c', 'c2'), lrsServer: {} }]], before)
    expect(applied).toMatchObject({ ack: { 'Cluster/c': 'c2' }, nack: [] })
  })

  test('refused routes keep the clusters of those before them, until they are mended', () => {
    const refused = removed(
      before,
      ['Cluster/c', 'ClusterLoadAssignment/c'],
      [routes('reviews', 'r2', ['d'], '(?=x)'), cluster('d', 'd1'), assignment('d', 'a1', ['10.0.0.9:80'])],
    ).state
    expect(refused.snapshot.clusters.has('c') && refused.snapshot.assignments.has('c')).toBe(true)
    expect(knownVersions(refused)).not.toHaveProperty('Cluster/c')
    const mended = fold([[routes('reviews', 'r3', ['d'])]], refused).state
    expect([...mended.snapshot.clusters.keys()]).toEqual(['d'])
    expect([...mended.snapshot.assignments.keys()]).toEqual(['d'])
  })
})

describe('routes wait', () => {
  const before = fold([whole]).state
  const cluster2 = cluster('c2', 'c1')
  const page = (index: number) => assignment('c2', 'a1', [`10.0.1.${index}:80`], { page: { index, count: 2 } })

  test('for the pages of an assignment, while what they replace serves on', () => {
    const first = removed(
      before,
      ['Cluster/c', 'ClusterLoadAssignment/c'],
      [routes('reviews', 'r2', ['c2']), cluster2, page(1)],
    )
    expect(compiledRoutes(first.state)).toBe('reviews@r1')
    expect(first.state.snapshot.clusters.has('c')).toBe(true)
    expect(first.applied.ack).toEqual({ 'Cluster/c2': 'c1' })
    const second = fold([[page(0)]], first.state)
    expect(compiledRoutes(second.state)).toBe('reviews@r2')
    expect(second.applied.ack).toEqual({ 'ClusterLoadAssignment/c2': 'a1', 'RouteConfiguration/reviews': 'r2' })
    expect(second.state.snapshot.assignments.get('c2')?.endpoints.size).toBe(2)
    expect([...second.state.snapshot.clusters.keys()]).toEqual(['c2'])
  })

  test('not for a cluster that nobody knows', () => {
    expect(compiledRoutes(fold([[routes('reviews', 'r2', ['nobody'])]], before).state)).toBe('reviews@r2')
  })

  test('not for ever', () => {
    const waiting = fold([[routes('reviews', 'r2', ['c2']), cluster2]], before).state
    expect(compiledRoutes(waiting)).toBe('reviews@r1')
    const early = applyHeartbeat(waiting, FIRST_POLICY_WAIT_MS - 1, compile)
    expect(compiledRoutes(early.state)).toBe('reviews@r1')
    const late = applyHeartbeat(waiting, FIRST_POLICY_WAIT_MS, compile)
    expect(compiledRoutes(late.state)).toBe('reviews@r2')
    expect(late.applied.ack).toEqual({ 'RouteConfiguration/reviews': 'r2' })
  })

  test('and give way to newer ones, and to the end of their host', () => {
    const waiting = fold([[routes('reviews', 'r2', ['c2']), cluster2]], before).state
    expect(compiledRoutes(fold([[routes('reviews', 'r3', ['c'])]], waiting).state)).toBe('reviews@r3')
    expect(compiledRoutes(fold([[routes('reviews', 'r1', ['c'])]], waiting).state)).toBe('reviews@r1')
    const gone = removed(waiting, ['RouteConfiguration/reviews']).state
    expect(compiledRoutes(gone)).toBe('absent')
    expect(gone.waiting.size).toBe(0)
  })
})

describe('changes', () => {
  test('a change of an assignment applies to its base', () => {
    const before = fold([[assignment('c', 'a1', ['10.0.0.1:80', '10.0.0.2:80'])]]).state
    const change = {
      ...assignment('c', 'a2', []),
      endpoints: [endpoint('10.0.0.2:80', 5)],
      removed: ['10.0.0.1:80'],
      base: 'a1',
    }
    const { state, applied } = fold([[change]], before)
    expect([...(state.snapshot.assignments.get('c')?.endpoints.values() ?? [])].map((e) => [e.id, e.weight])).toEqual([
      ['10.0.0.2:80', 5],
    ])
    expect(applied).toMatchObject({ ack: { 'ClusterLoadAssignment/c': 'a2' }, resync: undefined })
  })

  test('a change in pages applies when all are there', () => {
    const before = fold([[assignment('c', 'a1', ['10.0.0.1:80'])]]).state
    const part = (index: number, ids: string[], gone: string[]) =>
      assignment('c', 'a2', ids, { base: 'a1', removed: gone, page: { index, count: 2 } })
    const { state } = fold([[part(0, ['10.0.0.2:80'], [])], [part(1, ['10.0.0.3:80'], ['10.0.0.1:80'])]], before)
    expect([...(state.snapshot.assignments.get('c')?.endpoints.keys() ?? [])].sort()).toEqual([
      '10.0.0.2:80',
      '10.0.0.3:80',
    ])
  })

  test('pages of a version that is given up are forgotten', () => {
    const page = (version: string, index: number) =>
      assignment('c', version, [`10.0.0.${index}:80`], { page: { index, count: 2 } })
    const { state } = fold([[page('a1', 0)], [page('a2', 1)], [page('a2', 0)]])
    expect(state.snapshot.assignments.get('c')?.version).toBe('a2')
    expect(state.pages.size).toBe(0)
  })

  const against = (base: string): readonly (readonly [string, unknown])[] => [
    ['ClusterLoadAssignment/c', assignment('c', 'a9', ['10.0.0.9:80'], { base })],
    ['HostIndex/hosts', hostIndex('h9', ['x'], { base })],
  ]
  test.each(against('other'))('a change of %s against another version is asked for again, whole', (key, update) => {
    const before = fold([[...whole, hostIndex('h1', ['reviews'])]]).state
    const { state, applied } = fold([[update]], before)
    expect(applied.resync).toContain(key)
    expect(applied.ack).not.toHaveProperty([key])
    expect(state.snapshot).toBe(before.snapshot)
    expect(knownVersions(state)).not.toHaveProperty([key])
    const again = fold([[assignment('c', 'a9', []), hostIndex('h9', ['x'])]], state).state
    expect(knownVersions(again)).toMatchObject({ 'ClusterLoadAssignment/c': 'a9', 'HostIndex/hosts': 'h9' })
  })

  test('a change of the host index adds and removes', () => {
    const { state } = fold([[hostIndex('h1', ['a', 'b'])], [hostIndex('h2', ['c'], { base: 'h1', removed: ['a'] })]])
    expect([...(state.snapshot.hosts?.names ?? [])]).toEqual(['b', 'c'])
  })

  test('any sequence of changes and pages ends in the set that the server has', () => {
    const id = fc.integer({ min: 1, max: 6 }).map((n) => `10.0.0.${n}:80`)
    const step = fc.record({
      add: fc.uniqueArray(id, { maxLength: 4 }),
      drop: fc.uniqueArray(id, { maxLength: 4 }),
      pages: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let state = fold([[assignment('c', 'v0', [])]]).state
        const server = new Set<string>()
        steps.forEach(({ add, drop, pages }, index) => {
          const gone = drop.filter((one) => !add.includes(one))
          for (const one of gone) server.delete(one)
          for (const one of add) server.add(one)
          const split = (all: string[], page: number): string[] => all.filter((_, at) => at % pages === page)
          const events = Array.from({ length: pages }, (_, page) => [
            assignment('c', `v${index + 1}`, split(add, page), {
              base: `v${index}`,
              removed: split(gone, page),
              ...(pages > 1 && { page: { index: page, count: pages } }),
            }),
          ])
          state = fold(events, state).state
        })
        expect([...(state.snapshot.assignments.get('c')?.endpoints.keys() ?? [])].sort()).toEqual([...server].sort())
      }),
    )
  })
})

test('what becomes of hosts outside the index is kept with it, and follows a change', () => {
  const closed = { outboundTrafficPolicy: 'REGISTRY_ONLY' } as const
  const first = fold([[hostIndex('h1', ['a', 'b'], closed)]])
  expect([...heldResources(first.state.snapshot)]).toEqual([hostIndex('h1', ['a', 'b'], closed)])
  const delta = hostIndex('h2', ['c'], { ...closed, base: 'h1', removed: ['a'] })
  const second = fold([[delta]], first.state)
  expect([...heldResources(second.state.snapshot)]).toEqual([hostIndex('h2', ['b', 'c'], closed)])
  const open = fold([[hostIndex('h3', ['b'])]], second.state)
  expect([...heldResources(open.state.snapshot)]).toEqual([hostIndex('h3', ['b'])])
})
