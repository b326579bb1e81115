import type { Cluster, Endpoint, WorkloadRegistration } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  NO_LOCAL_PEERS,
  parseLocalEntry,
  unclaimed,
  withLocalPeers,
} from '../../../../packages/mesh-client/src/discovery/local-peers.ts'
import { cluster, endpoint } from './resources.ts'

const OWN = ['10.1.1.1', 'fd00::1']
const registration: WorkloadRegistration = {
  service: 'reviews',
  namespace: 'default',
  address: '127.0.0.1',
  ports: [
    { name: 'http', servicePort: 80, port: 80, listenPort: 40_001, protocol: 'http' },
    { name: 'http-81', servicePort: 81, port: 81, listenPort: 40_002, protocol: 'http' },
  ],
  labels: { version: 'v2', app: 'reviews' },
  serviceAccount: 'sa',
  locality: 'eu/1',
  weight: 3,
}
const assigned: ReadonlyMap<string, Endpoint> = new Map(['127.0.0.1:1', '10.9.9.9:80'].map((id) => [id, endpoint(id)]))

/** Ids that a cluster has besides the assigned ones. */
function added(wanted: Partial<Cluster>, workload: Partial<WorkloadRegistration>): readonly string[] {
  const peers = { workloads: [{ ...registration, ...workload }], addresses: OWN }
  return [...withLocalPeers({ ...cluster('c', '1'), ...wanted }, assigned, peers).keys()].slice(assigned.size)
}

describe('a local workload is an endpoint of', () => {
  const found = ['127.0.0.1:40001']
  const cases: readonly (readonly [string, Partial<Cluster>, Partial<WorkloadRegistration>, readonly string[]])[] = [
    ['its service', {}, {}, found],
    ['its service at another port', { port: 81 }, {}, ['127.0.0.1:40002']],
    ['no port that it does not serve', { port: 82 }, {}, []],
    ['no other service', {}, { service: 'ratings' }, []],
    ['no other namespace', {}, { namespace: 'prod' }, []],
    ['a subset whose labels it has', { subset: 's', subsetLabels: { version: 'v2' } }, {}, found],
    ['a subset that selects everybody', { subset: 's', subsetLabels: {} }, {}, found],
    ['no subset of which it has some labels', { subset: 's', subsetLabels: { version: 'v2', tier: 'a' } }, {}, []],
    ['no subset by what objects inherit', { subset: 's', subsetLabels: { constructor: '' } }, {}, []],
    ['no subset whose labels are not told', { subset: 's' }, {}, []],
    ['its cluster at an address of this host', {}, { address: '10.1.1.1' }, ['10.1.1.1:40001']],
    ['its cluster at an IPv6 address of this host', {}, { address: 'fd00::1' }, ['[fd00::1]:40001']],
    ['its cluster at any loopback address', {}, { address: '127.8.0.1' }, ['127.8.0.1:40001']],
    ['no cluster at the address of another host', {}, { address: '10.1.1.2' }, []],
    ['no cluster by a name, which may lead anywhere', {}, { address: '127.example.com' }, []],
  ]
  test.each(cases)('%s', (_what, wanted, workload, expected) => {
    expect(added(wanted, workload)).toEqual(expected)
  })
})

test('what is assigned stays as it is, and everything told of a workload is of its endpoint', () => {
  const peers = { workloads: [registration, { ...registration, ports: registration.ports.slice(0, 1) }], addresses: [] }
  const all = withLocalPeers(cluster('c', '1'), assigned, peers)
  expect([...all.values()]).toEqual([
    ...assigned.values(),
    {
      id: '127.0.0.1:40001',
      address: '127.0.0.1',
      port: 40_001,
      weight: 3,
      healthStatus: 'HEALTHY',
      locality: { region: 'eu', zone: '1', subZone: '' },
      labels: registration.labels,
      workload: { name: 'reviews-v2', namespace: 'default', serviceAccount: 'sa' },
    },
  ])
  expect(withLocalPeers(cluster('c', '1'), all, peers)).toBe(all)
  expect(withLocalPeers(cluster('c', '1'), assigned, NO_LOCAL_PEERS)).toBe(assigned)
})

test('endpoints of this host that no local workload claims are told, while others are claimed', () => {
  const ids = ['127.0.0.1:1', '127.0.0.1:40001', '10.1.1.1:1', '10.9.9.9:80']
  const all = new Map(ids.map((id) => [id, endpoint(id)]))
  const peers = { workloads: [registration], addresses: OWN }
  expect(unclaimed(cluster('c', '1'), all, peers)).toEqual(['127.0.0.1:1', '10.1.1.1:1'])
  expect(unclaimed({ ...cluster('c', '1'), port: 82 }, all, peers)).toEqual([])
})

describe('an entry', () => {
  const whole = JSON.stringify({ pid: 7, started: '99', registration })
  test('is read as it was written', () => {
    expect(parseLocalEntry(whole)).toEqual({ pid: 7, started: '99', registration })
    expect(parseLocalEntry(JSON.stringify({ pid: 7, registration }))).toEqual({ pid: 7, registration })
  })
  test.each([
    ['truncated', whole.slice(0, -9)],
    ['empty', ''],
    ['null', 'null'],
    ['without pid', JSON.stringify({ registration })],
    ['with the pid of a group', JSON.stringify({ pid: -1, registration })],
    ['without registration', JSON.stringify({ pid: 7 })],
    ['with a bad port', whole.replace('40001', '70000')],
  ])('is none when it is %s', (_what, text) => {
    expect(parseLocalEntry(text)).toBeUndefined()
  })
})
