import type { Mesh } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { meshConfig } from '../support/test-model.ts'

const EJECTING = { consecutive5xxErrors: 1, interval: '100ms', baseEjectionTime: '1s', maxEjectionPercent: 100 }

/** Answers to so many calls, by text. */
async function answers(mesh: Mesh, count: number, path = '/'): Promise<Record<string, number>> {
  const by: Record<string, number> = {}
  for (let at = 0; at < count; at++) {
    const response = await mesh.fetch(`http://reviews${path}`)
    const text = await response.text()
    const key = response.headers.get('x-weft-error') ?? (response.ok ? text : `${response.status} ${text}`)
    by[key] = (by[key] ?? 0) + 1
  }
  return by
}

/** An instance that answers its name, and 500 while it is named in `failing`. */
async function instance(
  scene: MeshScene,
  name: string,
  locality: string,
  failing: ReadonlySet<string>,
  version = 'v1',
) {
  await scene.serve(
    'reviews',
    version,
    (_request, response) => {
      if (failing.has(name)) response.statusCode = 500
      response.end(name)
    },
    { locality },
  )
}

async function onlyFrom(mesh: Mesh, name: string, what: string): Promise<void> {
  await poll(async () => Object.keys(await answers(mesh, 4)).join() === name, what)
}

test('calls stay in the nearest locality, fail over step by step, and come back', async () => {
  await using scene = await openMeshScene()
  const failing = new Set<string>()
  await instance(scene, 'near', 'r1/z1', failing)
  await instance(scene, 'zone', 'r1/z2', failing)
  await instance(scene, 'far', 'r2/z1', failing)
  const mesh = scene.join({ service: 'caller', locality: 'r1/z1' })
  expect(Object.keys(await answers(mesh, 60)).sort()).toEqual(['far', 'near', 'zone'])
  await scene.apply(destinationRule('reviews', { trafficPolicy: { outlierDetection: EJECTING } }))
  expect(await answers(mesh, 40)).toEqual({ near: 40 })
  failing.add('near')
  await onlyFrom(mesh, 'zone', 'the failover to the zone beside')
  failing.add('zone')
  await onlyFrom(mesh, 'far', 'the failover to the other region')
  failing.clear()
  await onlyFrom(mesh, 'near', 'the way back')
})

test('a region that stands in goes before others, and localities can be turned off', async () => {
  await using scene = await openMeshScene()
  await instance(scene, 'second', 'r2', new Set())
  await instance(scene, 'third', 'r3', new Set())
  const mesh = scene.join({ service: 'caller', locality: 'r1' })
  const failover = [{ from: 'r1', to: 'r3' }]
  const rule = (localityLbSetting: object): object =>
    destinationRule('reviews', { trafficPolicy: { outlierDetection: EJECTING, loadBalancer: { localityLbSetting } } })
  await answers(mesh, 1)
  await scene.apply(rule({ failover }))
  expect(await answers(mesh, 20)).toEqual({ third: 20 })
  await scene.apply(rule({ enabled: false }))
  expect(Object.keys(await answers(mesh, 40)).sort()).toEqual(['second', 'third'])
})

test('distribute gives localities their shares, whatever the number of instances', async () => {
  await using scene = await openMeshScene()
  for (const [name, locality] of [
    ['a', 'r1/z1'],
    ['b', 'r1/z2'],
    ['c', 'r1/z2'],
    ['d', 'r2/z1'],
  ] as const) {
    await instance(scene, name, locality, new Set())
  }
  const mesh = scene.join({ service: 'caller', locality: 'r1/z1' })
  await answers(mesh, 1)
  const distribute = [{ from: 'r1/z1/*', to: { 'r1/z1/*': 75, 'r1/z2/*': 25 } }]
  await scene.apply(
    destinationRule('reviews', { trafficPolicy: { loadBalancer: { localityLbSetting: { distribute } } } }),
  )
  const { a = 0, b = 0, c = 0, d = 0 } = await answers(mesh, 200)
  expect(Math.abs(a - 150)).toBeLessThanOrEqual(2)
  expect(b + c).toBe(200 - a)
  expect(b * c).toBeGreaterThan(0)
  expect(d).toBe(0)
})

test('failoverPriority ranks by labels', async () => {
  await using scene = await openMeshScene()
  const failing = new Set<string>()
  await instance(scene, 'old', 'r1', failing, 'v1')
  await instance(scene, 'new', 'r2', failing, 'v2')
  const mesh = scene.join({ service: 'caller', version: 'v2', locality: 'r1' })
  await answers(mesh, 1)
  const localityLbSetting = { failoverPriority: ['version', 'topology.kubernetes.io/region'] }
  await scene.apply(
    destinationRule('reviews', { trafficPolicy: { outlierDetection: EJECTING, loadBalancer: { localityLbSetting } } }),
  )
  expect(await answers(mesh, 20)).toEqual({ new: 20 })
  failing.add('new')
  await onlyFrom(mesh, 'old', 'the failover to another label')
})

test('minHealthPercent: with too few well, all are used; without it nobody', async () => {
  await using scene = await openMeshScene()
  const failing = new Set(['a', 'b'])
  for (const name of failing) await instance(scene, name, '', failing)
  const mesh = scene.join({ service: 'caller' })
  await answers(mesh, 1)
  const rule = (minHealthPercent: number): object => {
    const outlierDetection = { ...EJECTING, baseEjectionTime: '60s', minHealthPercent }
    return destinationRule('reviews', { trafficPolicy: { outlierDetection, loadBalancer: { simple: 'ROUND_ROBIN' } } })
  }
  await scene.apply(rule(0))
  await poll(async () => (await answers(mesh, 4)).WEFT_NO_HEALTHY_UPSTREAM === 4, 'the ejection of both')
  await scene.apply(rule(50))
  expect(await answers(mesh, 10)).toEqual({ '500 a': 5, '500 b': 5 })
})

test('zone awareness keeps calls at home as far as the zone has its share', async () => {
  await using scene = await openMeshScene()
  for (const [name, locality] of [
    ['a', 'r1/z1'],
    ['b', 'r1/z2'],
    ['c', 'r1/z2'],
    ['d', 'r2/z1'],
  ] as const) {
    await instance(scene, name, locality, new Set())
  }
  await scene.serve('caller', 'v1', (_request, response) => response.end(), { locality: 'r1/z2' })
  const mesh = await scene.serve('caller', 'v1', (_request, response) => response.end(), {
    locality: 'r1/z1',
    dependencies: ['caller', 'reviews'],
  })
  const zoneAwareLbSetting = { minClusterSize: 2 }
  await scene.apply(destinationRule('reviews', { trafficPolicy: { loadBalancer: { zoneAwareLbSetting } } }))
  // Half of the callers, a third of the endpoints: two thirds stay.
  await poll(
    () => mesh.status().clusters.some(({ name, endpoints }) => name.includes('caller') && endpoints.length === 2),
    'its own service',
  )
  const { a = 0, d = 0 } = await answers(mesh, 300)
  expect(Math.abs(a - 200)).toBeLessThan(35)
  expect(d).toBe(0)
})

test('a subset without endpoints falls back as a LoadBalancer says, and returns when it has one', async () => {
  await using scene = await openMeshScene()
  await instance(scene, 'one', '', new Set(), 'v1')
  await instance(scene, 'two', '', new Set(), 'v2')
  const mesh = scene.join({ service: 'caller' })
  await scene.apply(
    destinationRule('reviews', { subsets: ['v1', 'v2', 'v3'].map((name) => ({ name, labels: { version: name } })) }),
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews', subset: 'v3' } }] }] },
    },
  )
  expect(await answers(mesh, 2)).toEqual({ WEFT_NO_HEALTHY_UPSTREAM: 2 })
  const balancer = (subsetFallback: unknown): object => ({
    apiVersion: 'mesh.weft.dev/v1',
    kind: 'LoadBalancer',
    metadata: { name: 'reviews' },
    spec: { host: 'reviews', subsetFallback },
  })
  await scene.apply(balancer('ANY_ENDPOINT'))
  expect(Object.keys(await answers(mesh, 40)).sort()).toEqual(['one', 'two'])
  await scene.apply(balancer({ defaultSubset: { labels: { version: 'v2' } } }))
  expect(await answers(mesh, 10)).toEqual({ two: 10 })
  await instance(scene, 'three', '', new Set(), 'v3')
  await onlyFrom(mesh, 'three', 'the subset that has come')
})

test('retryRemoteLocalities has retries leave the priorities that were tried', async () => {
  await using scene = await openMeshScene()
  await instance(scene, 'near', 'r1', new Set(['near']))
  await instance(scene, 'far', 'r2', new Set())
  const mesh = scene.join({ service: 'caller', locality: 'r1' })
  const retries = { attempts: 3, retryOn: '5xx', backoff: '1ms' }
  const route = (retryRemoteLocalities: boolean): object => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews' },
    spec: {
      hosts: ['reviews'],
      http: [{ retries: { ...retries, retryRemoteLocalities }, route: [{ destination: { host: 'reviews' } }] }],
    },
  })
  // Localities count, but nothing is ever ejected.
  const outlierDetection = { consecutive5xxErrors: 0 }
  await answers(mesh, 1)
  await scene.apply(destinationRule('reviews', { trafficPolicy: { outlierDetection } }), route(false))
  expect(await answers(mesh, 3)).toEqual({ '500 near': 3 })
  await scene.apply(route(true))
  expect(await answers(mesh, 3)).toEqual({ far: 3 })
})

test('the mesh-wide setting holds where a DestinationRule says nothing, and is exchanged while calls go on', async () => {
  await using scene = await openMeshScene()
  await instance(scene, 'near', 'r1', new Set())
  await instance(scene, 'far', 'r2', new Set())
  const mesh = scene.join({ service: 'caller', locality: 'r1' })
  const meshWide = (localityLbSetting: object): object => meshConfig({ localityLbSetting })
  const both = async (): Promise<string> =>
    Object.keys(await answers(mesh, 40))
      .sort()
      .join()
  await answers(mesh, 1)
  await scene.apply(destinationRule('reviews', { trafficPolicy: { outlierDetection: EJECTING } }))
  expect(await both()).toBe('near')
  await scene.apply(meshWide({ enabled: false }))
  expect(await both()).toBe('far,near')
  await scene.apply(meshWide({ distribute: [{ from: '*', to: { 'r2/*': 100 } }] }))
  expect(await both()).toBe('far')
  const localityLbSetting = { enabled: true }
  await scene.apply(
    destinationRule('reviews', { trafficPolicy: { outlierDetection: EJECTING, loadBalancer: { localityLbSetting } } }),
  )
  expect(await both()).toBe('near')
})

test('a Service that prefers its zone needs no DestinationRule', async () => {
  await using scene = await openMeshScene()
  await instance(scene, 'near', 'r1/z1', new Set())
  await instance(scene, 'far', 'r1/z2', new Set())
  const mesh = scene.join({ service: 'caller', locality: 'r1/z1' })
  await answers(mesh, 1)
  await scene.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews' },
    spec: { selector: { app: 'reviews' }, ports: [{ port: 80 }], trafficDistribution: 'PreferClose' },
  })
  await onlyFrom(mesh, 'near', 'the preference')
  expect(await answers(mesh, 20)).toEqual({ near: 20 })
})

test('a Service with internalTrafficPolicy Local is called on the own node alone', async () => {
  await using scene = await openMeshScene()
  const node = (name: string): Record<string, string> => ({ 'kubernetes.io/hostname': name })
  for (const name of ['a', 'b']) {
    await scene.serve('reviews', 'v1', (_request, response) => response.end(name), { labels: node(name) })
  }
  await scene.serve('reviews', 'v1', (_request, response) => response.end('nowhere'))
  const service = (internalTrafficPolicy: string): object => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'reviews' } },
    spec: { selector: { app: 'reviews' }, ports: [{ port: 80 }], internalTrafficPolicy },
  })
  const [onA, onC, unknown] = ['a', 'c', undefined].map((name) =>
    scene.join({ service: 'caller', labels: name === undefined ? {} : node(name) }),
  ) as [Mesh, Mesh, Mesh]
  await Promise.all([onA, onC, unknown].map((mesh) => answers(mesh, 1)))
  await scene.apply(service('Local'))
  expect(await answers(onA, 10)).toEqual({ a: 10 })
  expect(await answers(onC, 2)).toEqual({ WEFT_NO_HEALTHY_UPSTREAM: 2 })
  expect(Object.keys(await answers(unknown, 60)).sort()).toEqual(['a', 'b', 'nowhere'])
  await scene.apply(service('Cluster'))
  expect(Object.keys(await answers(onA, 60)).sort()).toEqual(['a', 'b', 'nowhere'])
})
