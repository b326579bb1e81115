import { ok, type WorkloadRegistration } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import type { ClusterManager } from '../../../../packages/mesh-client/src/cluster/types.ts'
import { NO_LOCAL_PEERS } from '../../../../packages/mesh-client/src/discovery/local-peers.ts'
import { emptyStore } from '../../../../packages/mesh-client/src/discovery/store-state.ts'
import { applyUpdate } from '../../../../packages/mesh-client/src/discovery/transaction.ts'
import {
  createPolicyBridge,
  type MeshSnapshot,
  type PolicyBridge,
} from '../../../../packages/mesh-client/src/mesh/policy-bridge.ts'
import type { HostTable } from '../../../../packages/mesh-client/src/routing/policy-view.ts'
import type { RouteTable } from '../../../../packages/mesh-client/src/routing/route-table.ts'
import { assignment, cluster, hostIndex, routes } from '../discovery/resources.ts'

interface Bench {
  readonly bridge: PolicyBridge
  /** What happened in order; a view is told by the clusters that its routes lead to. */
  readonly told: string[]
  apply(resources: readonly object[], removed?: readonly string[]): MeshSnapshot
}

function bench(): Bench {
  const told: string[] = []
  const clusters: Pick<ClusterManager, 'upsert' | 'doubt' | 'remove'> = {
    upsert: (config, endpoints) => void told.push(`set ${config.name}@${config.version} (${endpoints.size})`),
    doubt: (name, ids) => void (ids.length > 0 && told.push(`doubt ${name} ${ids.join(' ')}`)),
    remove: (name) => void told.push(`remove ${name}`),
  }
  const bridge = createPolicyBridge(clusters as ClusterManager, (host) => void told.push(`follow ${host}`))
  bridge.onChange(() => {
    const held = bridge.current.routes.get('reviews')
    told.push(`view ${held === undefined || held === 'absent' ? held : held.version}`)
  })
  const compile = {
    routes: (config: { name: string; version: string }) =>
      ok<RouteTable>({ host: config.name, version: config.version, clusters: [], forPort: () => undefined }),
    hosts: (): HostTable => ({ resolve: (name) => name, registryOnly: false }),
  }
  let state = emptyStore<RouteTable, HostTable>()
  return {
    bridge,
    told,
    apply(resources, removed = []) {
      const before = state.snapshot
      state = applyUpdate(state, { resources: resources as never, removed }, 0, compile).state
      bridge.apply(state.snapshot, before)
      return state.snapshot
    },
  }
}

test('clusters come before the routes that lead to them and go after', () => {
  const { told, apply } = bench()
  apply([cluster('a', 'a1'), assignment('a', '1', ['10.0.0.1:80']), routes('reviews', 'r1', ['a'])])
  apply([cluster('b', 'b1'), assignment('b', '1', []), routes('reviews', 'r2', ['b'])], ['Cluster/a'])
  expect(told).toEqual(['set a@a1 (1)', 'view r1', 'set b@b1 (0)', 'remove a', 'view r2'])
})

test('what stays the same is left alone', () => {
  const { bridge, told, apply } = bench()
  apply([
    cluster('a', 'a1'),
    cluster('b', 'b1'),
    assignment('a', '1', []),
    routes('reviews', 'r1', ['a']),
    hostIndex('h', []),
  ])
  const { hosts, routes: tables } = bridge.current
  told.length = 0
  apply([assignment('a', '2', ['10.0.0.1:80'])])
  expect(told).toEqual(['set a@a1 (1)'])
  apply([hostIndex('h2', ['x'])])
  expect(bridge.current.routes).toBe(tables)
  expect(bridge.current.hosts).not.toBe(hosts)
})

test('a host is asked for once, and is absent when it is said not to exist', () => {
  const { bridge, told, apply } = bench()
  bridge.follow('reviews')
  bridge.follow('reviews')
  expect(told).toEqual(['follow reviews'])
  apply([], ['RouteConfiguration/reviews'])
  expect(bridge.current.routes.get('reviews')).toBe('absent')
})

const local: WorkloadRegistration = {
  service: 'reviews',
  namespace: 'default',
  address: '127.0.0.1',
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 9, protocol: 'http' }],
  labels: {},
  serviceAccount: 'default',
  locality: '',
  weight: 1,
}
const peers = { workloads: [local], addresses: [] }
const held = [
  cluster('a', 'a1'),
  { ...cluster('b', 'b1'), port: 81 },
  assignment('a', '1', ['10.0.0.1:80', '127.0.0.1:8']),
  assignment('b', '1', ['127.0.0.1:8']),
]

test('local workloads are laid over what policy says, and endpoints that they have replaced are doubted', () => {
  const { bridge, told, apply } = bench()
  bridge.useLocalPeers(peers)
  const snapshot = apply(held)
  expect(told).toEqual(['set a@a1 (3)', 'doubt a 127.0.0.1:8', 'set b@b1 (1)'])
  expect(snapshot.assignments.get('a')?.endpoints.size).toBe(2)
  told.length = 0
  apply([assignment('a', '2', ['10.0.0.1:80'])])
  bridge.useLocalPeers(NO_LOCAL_PEERS)
  bridge.useLocalPeers(NO_LOCAL_PEERS)
  expect(told).toEqual(['set a@a1 (2)', 'set a@a1 (1)'])
  apply([assignment('a', '3', ['10.0.0.1:80', '10.0.0.2:80'])])
  expect(told.at(-1)).toBe('set a@a1 (2)')
})

test('a local workload that policy knows by then stays when the others go', () => {
  const { bridge, told, apply } = bench()
  apply(held)
  told.length = 0
  bridge.useLocalPeers(peers)
  apply([assignment('a', '2', ['127.0.0.1:9'])])
  bridge.useLocalPeers(NO_LOCAL_PEERS)
  expect(told, 'never without it in between').toEqual(['set a@a1 (3)', 'set a@a1 (1)'])
})
