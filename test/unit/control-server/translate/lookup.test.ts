import { describe, expect, test } from 'vitest'
import { scopeOf } from '../../../../packages/control-server/src/translate/client-scope.ts'
import { translateCluster } from '../../../../packages/control-server/src/translate/clusters.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../../../packages/control-server/src/translate/routes.ts'
import {
  circuitBreaker,
  destinationRule,
  loadBalancer,
  service,
  type TestResource,
  testModel,
  virtualService,
} from '../../../support/test-model.ts'

const HOST = 'reviews.prod.svc.cluster.local'
const REVIEWS = service('reviews', { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 80 }] }, 'prod')

interface Client {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Each resource in a commit of its own, so that the first is the oldest. */
function contextFor(resources: readonly TestResource[], { namespace = 'prod', labels = {} }: Client) {
  const model = testModel()
  model.put(REVIEWS)
  for (const resource of resources) model.put(resource)
  const policies = indexPolicies(model.current)
  return { model: model.current, policies, client: scopeOf({ namespace, labels }, policies.clientLabelKeys) }
}

/** A VirtualService that shows by its route's name that it was taken. */
function rules(name: string, more: Readonly<Record<string, unknown>> = {}, namespace = 'prod'): TestResource {
  const http = [{ name, route: [{ destination: { host: HOST } }] }]
  return virtualService(name, { hosts: [HOST], http, ...more }, namespace)
}

const routeNames = (resources: readonly TestResource[], client: Client = {}): string[] =>
  translateRoutes(contextFor(resources, client), HOST)?.virtualHosts[0]?.routes.map(({ name }) => name) ?? []

test('delegation comes to no more matches than there is room for, the first routes going first', () => {
  const matches = Array.from({ length: 200 }, (_, index) => ({ uri: { exact: `/${index}` } }))
  const route = [{ destination: { host: HOST } }]
  const delegate = virtualService('d', { http: matches.map((match) => ({ match: [match], route })) }, 'prod')
  const http = Array.from({ length: 200 }, (_, index) => ({
    name: `r${index}`,
    match: [{ headers: { x: { exact: `${index}` } } }],
    delegate: { name: 'd' },
  }))
  const names = routeNames([
    delegate,
    virtualService('root', { hosts: [HOST], http: [...http, { name: 'last', route }] }, 'prod'),
  ])
  expect(names).toHaveLength(20_001)
  expect([names[0], names.at(-2), names.at(-1)]).toEqual(['r0', 'r99', 'last'])
})

describe('which VirtualService rules a host', () => {
  const onlyFor = (match: object) => ({
    http: [{ name: 'some', match: [match], route: [{ destination: { host: HOST } }] }],
  })
  const cases: [string, TestResource[], Client, string[]][] = [
    ['none', [], {}, ['default']],
    ['the oldest of several', [rules('a'), rules('b')], {}, ['a']],
    ['a short name in its own namespace', [rules('a', { hosts: ['reviews'] })], {}, ['a']],
    ['not a short name of another namespace', [rules('a', { hosts: ['reviews'] }, 'dev')], {}, ['default']],
    ['a name with its namespace', [rules('a', { hosts: ['reviews.prod'] }, 'dev')], {}, ['a']],
    ['exact before wildcard, however old', [rules('a', { hosts: ['*.cluster.local'] }), rules('b')], {}, ['b']],
    [
      'the most specific wildcard',
      [rules('a', { hosts: ['*.cluster.local'] }), rules('b', { hosts: ['*.prod.svc.cluster.local'] })],
      {},
      ['b'],
    ],
    ['not one for a gateway', [rules('a', { gateways: ['edge'] }), rules('b')], {}, ['b']],
    ['one for a gateway and the mesh', [rules('a', { gateways: ['edge', 'mesh'] })], {}, ['a']],
    ['not one that is not exported', [rules('a', { exportTo: ['.'] }), rules('b')], { namespace: 'dev' }, ['b']],
    [
      'one exported by name before an older public one',
      [rules('a'), rules('b', { exportTo: ['dev'] })],
      { namespace: 'dev' },
      ['b'],
    ],
    ['a private one before an older public one', [rules('a'), rules('b', { exportTo: ['.'] })], {}, ['b']],
    [
      'the next one where the oldest has no route for the client',
      [rules('a', onlyFor({ port: 81 })), rules('b')],
      {},
      ['b'],
    ],
    ['the service itself where none has a route', [rules('a', onlyFor({ sourceNamespace: 'dev' }))], {}, ['default']],
    [
      'an exact one without a route keeps wildcards out',
      [rules('a', onlyFor({ port: 81 })), rules('b', { hosts: ['*'] })],
      {},
      ['default'],
    ],
    [
      'by the labels of the client',
      [rules('a', onlyFor({ sourceLabels: { app: 'web' } }))],
      { labels: { app: 'web' } },
      ['some'],
    ],
  ]
  test.each(cases)('%s', (_, resources, client, expected) => {
    expect(routeNames(resources, client)).toEqual(expected)
  })

  test('nothing after a catch-all is kept, and what nothing matches is left out', () => {
    const route = [{ destination: { host: HOST } }]
    const http = [
      { name: 'v1', match: [{ uri: { prefix: '/v1' } }], route },
      { name: 'rest', match: [{ uri: { prefix: '/' } }], route },
      { name: 'never', route },
    ]
    expect(routeNames([virtualService('a', { hosts: [HOST], http }, 'prod')])).toEqual(['v1', 'rest'])
    expect(routeNames([virtualService('a', { hosts: [HOST], http: http.slice(0, 1) }, 'prod')])).toEqual(['v1'])
  })
})

/** A DestinationRule that shows by its subset and its limit that it was taken. */
function settings(
  name: string,
  limit: number,
  more: Readonly<Record<string, unknown>> = {},
  namespace = 'prod',
): TestResource {
  const trafficPolicy = { connectionPool: { http: { http2MaxRequests: limit } } }
  return destinationRule(name, { host: HOST, trafficPolicy, subsets: [{ name: `s-${name}` }], ...more }, namespace)
}

const limitOf = (resources: readonly TestResource[], client: Client = {}, subset = ''): number | undefined =>
  translateCluster(contextFor(resources, client), `outbound|80|${subset}|${HOST}`)?.cluster.circuitBreakers.maxRequests

describe('which DestinationRule a client follows', () => {
  const UNSET = 2 ** 32 - 1
  const dev = { namespace: 'dev' }
  const cases: [string, TestResource[], Client, number][] = [
    ['none', [], {}, UNSET],
    ['its own namespace before that of the service', [settings('a', 1), settings('b', 2, {}, 'dev')], dev, 2],
    ['that of the service before the root', [settings('a', 1, {}, 'istio-system'), settings('b', 2)], dev, 2],
    ['the root last', [settings('a', 1, {}, 'istio-system')], dev, 1],
    ['not a third namespace', [settings('a', 1, {}, 'elsewhere')], dev, UNSET],
    [
      'a wildcard of its own namespace before an exact one of the service',
      [settings('a', 1), settings('b', 2, { host: '*' }, 'dev')],
      dev,
      2,
    ],
    ['exact before wildcard in a namespace', [settings('a', 1, { host: '*.cluster.local' }), settings('b', 2)], {}, 2],
    ['not one that is private elsewhere', [settings('a', 1, { exportTo: ['.'] })], dev, UNSET],
    ['one that is private at home', [settings('a', 1, { exportTo: ['.'] })], {}, 1],
    [
      'a client of the root namespace begins with the service',
      [settings('a', 1, {}, 'istio-system'), settings('b', 2)],
      { namespace: 'istio-system' },
      2,
    ],
    [
      'but what is private to the root comes first',
      [settings('a', 1, { exportTo: ['.'] }, 'istio-system'), settings('b', 2)],
      { namespace: 'istio-system' },
      1,
    ],
    ['the oldest policy of one host counts whole', [settings('a', 1), settings('b', 2)], {}, 1],
    ['the oldest that has a policy', [settings('a', 1, { trafficPolicy: undefined }), settings('b', 2)], {}, 2],
    [
      'one that selects the client',
      [settings('a', 1), settings('b', 2, { workloadSelector: { matchLabels: { app: 'web' } } })],
      { labels: { app: 'web' } },
      2,
    ],
    [
      'not one that selects others',
      [settings('b', 2, { workloadSelector: { matchLabels: { app: 'web' } } })],
      {},
      UNSET,
    ],
  ]
  test.each(cases)('%s', (_, resources, client, expected) => {
    expect(limitOf(resources, client)).toBe(expected)
  })

  test('subsets of one host are united, the first definition counting', () => {
    const limit = (value: number) => ({ connectionPool: { http: { http2MaxRequests: value } } })
    const both = [
      settings('a', 1, { subsets: [{ name: 'v1', trafficPolicy: limit(10) }] }),
      settings('b', 2, { subsets: [{ name: 'v1', trafficPolicy: limit(20) }, { name: 'v2' }] }),
    ]
    expect(limitOf(both, {}, 'v1')).toBe(10)
    expect(limitOf(both, {}, 'v2')).toBe(1)
    expect(limitOf(both, {}, 'v3')).toBeUndefined()
  })

  test('rules with another audience are not united', () => {
    const both = [settings('a', 1), settings('b', 2, { exportTo: ['.', 'dev'], subsets: [{ name: 'v2' }] })]
    expect(limitOf(both, {}, 's-a')).toBe(1)
    expect(limitOf(both, {}, 'v2')).toBeUndefined()
  })
})

describe('what binds requests to endpoints by a hash', () => {
  const byUser = (subset?: string): TestResource => {
    const trafficPolicy = { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } }
    const subsets = subset === undefined ? [] : [{ name: subset }]
    return destinationRule('r', { host: HOST, trafficPolicy, subsets }, 'prod')
  }
  const own = (policy: string, more: object = {}): TestResource =>
    loadBalancer('lb', { host: HOST, policy, ...more }, 'prod')
  const toV1 = virtualService(
    'vs',
    { hosts: [HOST], http: [{ route: [{ destination: { host: HOST, subset: 'v1' } }] }] },
    'prod',
  )
  const affine = service(
    'reviews',
    { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 80 }], sessionAffinity: 'ClientIP' },
    'prod',
  )
  const cases: readonly (readonly [string, readonly TestResource[], string | undefined])[] = [
    ['nothing', [], undefined],
    ['the DestinationRule', [byUser()], 'RING_HASH'],
    ['not where a LoadBalancer says another policy', [byUser(), own('LEAST_REQUEST')], undefined],
    ['where a LoadBalancer says MAGLEV', [byUser(), own('MAGLEV')], 'MAGLEV'],
    ['not where there is nothing to hash', [own('RING_HASH')], undefined],
    [
      'not where a LoadBalancer says another policy for the subset',
      [byUser('v1'), own('RANDOM', { subset: 'v1' }), toV1],
      undefined,
    ],
    [
      'still where the LoadBalancer is for another subset',
      [byUser('v1'), own('RANDOM', { subset: 'v2' }), toV1],
      'RING_HASH',
    ],
    ['the sessionAffinity of the Service', [affine], 'RING_HASH'],
  ]
  test.each(cases)('%s', (_, resources, policy) => {
    const context = contextFor(resources, {})
    const route = translateRoutes(context, HOST)?.virtualHosts[0]?.routes[0]?.route
    expect(route?.retryPolicy?.avoidPreviousHosts).toBe(policy === undefined)
    const { cluster } = translateCluster(context, route?.clusters[0]?.cluster ?? '') ?? {}
    const hashes = cluster?.hashPolicy !== undefined
    expect(hashes ? cluster?.lbPolicy : undefined).toBe(policy)
  })

  test('the sessionAffinity of a Service hashes by the source address', () => {
    const { cluster } = translateCluster(contextFor([affine], {}), `outbound|80||${HOST}`) ?? {}
    expect(cluster).toMatchObject({
      lbPolicy: 'RING_HASH',
      hashPolicy: [{ connectionProperties: { sourceIp: true } }],
    })
  })
})

describe('which CircuitBreaker guards a cluster', () => {
  const breaker = (name: string, threshold: number, more: object = {}, namespace = 'prod') =>
    circuitBreaker(name, { host: HOST, errorThresholdPercentage: threshold, ...more }, namespace)
  const threshold = (resources: readonly TestResource[], subset = 'v1'): number | undefined =>
    translateCluster(
      contextFor([destinationRule('r', { host: HOST, subsets: [{ name: 'v1' }] }, 'prod'), ...resources], {}),
      `outbound|80|${subset}|${HOST}`,
    )?.cluster.errorRateBreaker?.errorThresholdPercentage

  test.each([
    ['none', [], undefined],
    ['that of the whole host', [breaker('a', 10)], 10],
    ['that of the subset before it', [breaker('a', 10), breaker('b', 20, { subset: 'v1' })], 20],
    ['not that of another subset', [breaker('b', 20, { subset: 'v2' })], undefined],
    ['the oldest', [breaker('a', 10), breaker('b', 20)], 10],
    ['the root namespace last', [breaker('a', 10, {}, 'istio-system'), breaker('b', 20)], 20],
  ])('%s', (_, resources, expected) => {
    expect(threshold(resources)).toBe(expected)
  })
})
