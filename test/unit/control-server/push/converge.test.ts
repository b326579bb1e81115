import { ENDPOINTS_PER_PAGE, resourceKey, type UpdateEvent, validateResource } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPush } from '../../../../packages/control-server/src/push/push.ts'
import { expectedState } from '../../../support/expected-state.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { backend, httpRoute, l4Route, retryBudget } from '../../../support/gateway-routes.ts'
import { SimulatedClient, testNode } from '../../../support/simulated-client.ts'
import { strictLogger } from '../../../support/strict-logger.ts'
import {
  circuitBreaker,
  destinationRule,
  faultInjection,
  meshConfig,
  service,
  serviceEntry,
  sidecar,
  type TestModel,
  type TestResource,
  testModel,
  virtualService,
  workloadEntry,
} from '../../../support/test-model.ts'

const NAMES = ['a', 'b', 'c']
const hostOf = (name: string): string => `${name}.default.svc.cluster.local`

const HOSTS = [
  ...NAMES.map(hostOf),
  'ext.com',
  '*.com',
  '240.0.0.1',
  'alias.com',
  'c.default',
  '*.alias.com',
  hostOf('d'),
]

const CORS_POLICY = { allowOrigins: [{ exact: 'https://a.example' }] }

const name = fc.constantFrom(...NAMES)
const version = fc.constantFrom('v1', 'v2')
const subset = fc.constantFrom('', 'v1', 'v2')
const client = fc.nat(2)
const maybe = fc.boolean()

/** What can happen to the mesh. */
const meshStep = fc.oneof(
  fc.record({ do: fc.constant('register'), id: fc.nat(8), name, version, weight: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('unregister'), id: fc.nat(8) }),
  fc.record({ do: fc.constant('service'), name, there: maybe, port: fc.constantFrom(80, 81) }),
  fc.record({
    do: fc.constant('rule'),
    name,
    there: maybe,
    subsets: fc.subarray(['v1', 'v2']),
    wildcard: maybe,
    hashed: maybe,
  }),
  fc.record({ do: fc.constant('breaker'), name, there: maybe, fallback: name }),
  fc.record({
    do: fc.constant('entry'),
    id: fc.nat(3),
    host: fc.constantFrom('ext.com', '*.com', hostOf('b')),
    there: maybe,
    namespace: fc.constantFrom('default', 'other'),
    exportTo: fc.constantFrom([], ['.'], ['default'], ['other', '.'], ['~']),
    selecting: maybe,
    address: fc.constantFrom('240.0.0.1', '240.0.0.2'),
    port: fc.constantFrom(80, 81),
  }),
  fc.record({ do: fc.constant('machine'), id: fc.nat(3), there: maybe, name, version }),
  fc.record({
    do: fc.constant('sidecar'),
    there: maybe,
    namespace: fc.constantFrom('default', 'other', 'istio-system'),
    forLabel: maybe,
    hosts: fc.constantFrom(['*/*'], ['./*'], ['*/ext.com', `default/${hostOf('a')}`], ['~/*']),
    closed: maybe,
  }),
  fc.record({
    do: fc.constant('external'),
    from: fc.constantFrom('c', 'd', 'e'),
    to: fc.constantFrom('a', 'c', 'd', 'e'),
    there: maybe,
    port: fc.constantFrom(80, undefined),
    namespace: fc.constantFrom('default', 'other'),
  }),
  fc.record({
    do: fc.constant('alias'),
    host: fc.constantFrom('alias.com', 'c.default', 'x.com', '*.alias.com', 'd'),
    there: maybe,
    exportTo: fc.constantFrom([], ['.'], ['other']),
    namespace: fc.constantFrom('default', 'other'),
  }),
  fc.record({ do: fc.constant('mesh'), exportTo: fc.constantFrom(['*'], ['.']), closed: maybe }),
  fc.record({
    do: fc.constant('route'),
    name,
    there: maybe,
    to: name,
    subset,
    weight: fc.integer({ min: 0, max: 100 }),
    forLabel: maybe,
    delegates: maybe,
    cors: maybe,
  }),
  fc.record({ do: fc.constant('delegate'), there: maybe, to: name, hidden: maybe, cors: maybe }),
  fc.record({
    do: fc.constant('gateway-route'),
    kind: fc.constantFrom('HTTPRoute', 'TCPRoute'),
    namespace: fc.constantFrom('default', 'other'),
    name,
    to: name,
    there: maybe,
    port: fc.constantFrom(undefined, 80, 81),
    cors: maybe,
  }),
  fc.record({ do: fc.constant('budget'), name, there: maybe, percent: fc.nat(2) }),
  fc.record({ do: fc.constant('fault'), there: maybe, name, status: fc.constantFrom(500, 503) }),
)

/** What can happen to a client. */
const clientStep = fc.oneof(
  fc.record({ do: fc.constantFrom('subscribe', 'unsubscribe'), client, host: fc.constantFrom(...HOSTS) }),
  fc.record({ do: fc.constantFrom('stall', 'read', 'reconnect', 'refuse-delta', 'read-without-answer'), client }),
  fc.record({ do: fc.constant('wait') }),
)

type GatewayStep = Extract<Step, { readonly do: 'gateway-route' }>

type Step =
  typeof meshStep extends fc.Arbitrary<infer A>
    ? A | (typeof clientStep extends fc.Arbitrary<infer B> ? B : never)
    : never

function gatewayRoute({ kind, namespace, name, to, port, cors }: GatewayStep): TestResource {
  const backendRefs = [backend(to, { namespace: 'default' }), backend(name, { namespace: 'default', port: 81 })]
  if (kind === 'TCPRoute') return l4Route(`${namespace}/tcp`, name, backendRefs)
  const filters = cors ? [{ type: 'CORS', cors: { allowOrigins: ['*'] } }] : []
  const parent = { namespace: 'default', ...(port === undefined ? {} : { port }) }
  return httpRoute(`${namespace}/http-${to}`, name, [{ backendRefs, filters }], parent)
}

function changeMesh(model: TestModel, step: Step): void {
  switch (step.do) {
    case 'register': {
      const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_000 + step.id, protocol: 'http' }]
      const labels = { version: step.version, app: step.name }
      model.register({ [`w${step.id}`]: { service: step.name, ports, labels, weight: step.weight } })
      break
    }
    case 'unregister':
      model.unregister(`w${step.id}`)
      break
    case 'service': {
      const resource = service(step.name, {
        selector: { app: step.name },
        ports: [{ port: step.port, targetPort: 80 }],
      })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'rule': {
      const subsets = step.subsets.map((each) => ({ name: each, labels: { version: each } }))
      const resource = destinationRule(step.name, {
        host: step.wildcard ? '*.default.svc.cluster.local' : step.name,
        subsets,
        ...(step.hashed ? { trafficPolicy: { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } } } : {}),
      })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'breaker': {
      const resource = circuitBreaker(step.name, { host: step.name, fallback: { host: step.fallback } })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'entry': {
      const { host, namespace, exportTo, address, port, selecting } = step
      const endpoints = selecting ? {} : { endpoints: [{ address: `10.0.0.${step.id}` }] }
      const selector = selecting ? { workloadSelector: { labels: { app: 'a' } } } : {}
      const ports = [{ name: 'http', number: port, protocol: 'HTTP', targetPort: 80 }]
      const spec = {
        hosts: [host],
        addresses: [address],
        exportTo,
        ports,
        resolution: 'STATIC',
        ...endpoints,
        ...selector,
      }
      const resource = serviceEntry(`e${step.id}`, spec, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'machine': {
      const labels = { app: step.name, version: step.version }
      const resource = workloadEntry(`m${step.id}`, { address: `10.1.0.${step.id}`, labels })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'sidecar': {
      const { namespace, hosts, forLabel, closed } = step
      const selector = forLabel ? { workloadSelector: { labels: { tier: 'front' } } } : {}
      const policy = closed ? { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } : {}
      const resource = sidecar(forLabel ? 'some' : 'all', { egress: [{ hosts }], ...selector, ...policy }, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'external': {
      const ports = step.port === undefined ? [] : [{ port: step.port }]
      const spec = { type: 'ExternalName', externalName: `${hostOf(step.to)}.`, ports }
      const resource = service(step.from, spec, step.namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'alias': {
      const { host, exportTo, namespace } = step
      const http = [{ route: [{ destination: { host: hostOf('a') } }] }]
      const resource = virtualService(host.replace('*', 'any'), { hosts: [host], exportTo, http }, namespace)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'mesh':
      model.put(
        meshConfig({
          defaultServiceExportTo: step.exportTo,
          outboundTrafficPolicy: { mode: step.closed ? 'REGISTRY_ONLY' : 'ALLOW_ANY' },
        }),
      )
      break
    case 'route': {
      const match = step.forLabel ? [{ sourceLabels: { tier: 'front' } }] : []
      const route = [
        { destination: { host: step.to, subset: step.subset }, weight: step.weight },
        { destination: { host: step.name }, weight: 100 - step.weight },
      ]
      const cors = step.cors ? { corsPolicy: CORS_POLICY } : {}
      const delegated = { match: [{ uri: { prefix: '/d' } }], delegate: { name: 'shared', namespace: 'other' } }
      const http = [...(step.delegates ? [delegated] : []), { match, route, ...cors }]
      const resource = virtualService(step.name, { hosts: [step.name], http })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'delegate': {
      const route = [{ destination: { host: hostOf(step.to) } }]
      const http = [{ route, ...(step.cors ? { corsPolicy: CORS_POLICY } : {}) }]
      const resource = virtualService('shared', { http, ...(step.hidden ? { exportTo: ['.'] } : {}) }, 'other')
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'gateway-route':
    case 'budget': {
      const resource = step.do === 'budget' ? retryBudget(step.name, step.percent) : gatewayRoute(step)
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    case 'fault': {
      const rules = [{ abort: { percentage: { value: 1 }, httpStatus: step.status } }]
      const resource = faultInjection('fault', { selector: { matchLabels: { app: step.name } }, rules })
      if (step.there) model.put(resource)
      else model.remove(resource)
      break
    }
    default:
  }
}

function changeClient(clients: readonly SimulatedClient[], step: Step): void {
  if (!('client' in step)) return
  const each = clients[step.client] as SimulatedClient
  switch (step.do) {
    case 'subscribe':
      each.subscribe(step.host)
      break
    case 'unsubscribe':
      each.unsubscribe(step.host)
      break
    case 'stall':
      each.reading = false
      break
    case 'read':
      each.reading = true
      each.exchange()
      break
    case 'read-without-answer':
      each.read()
      break
    case 'reconnect':
      each.disconnect()
      each.connect()
      break
    case 'refuse-delta':
      each.refuseNextDelta = true
      break
    default:
  }
}

function scene() {
  const time = fakeClock()
  const model = testModel()
  const { clock, timers, turn } = time
  const push = createPush({ models: model, clock, timers, turn, epoch: 'e', logger: strictLogger })
  return { time, model, push }
}

async function converges(steps: readonly Step[], endpoints: number): Promise<void> {
  const { time, model, push } = scene()
  registerMany(model, 'a', endpoints)
  const clients = [
    new SimulatedClient(push, testNode({ id: 'w0', service: 'a' })),
    new SimulatedClient(push, testNode({ id: 'c1', labels: { tier: 'front' } })),
    new SimulatedClient(push, testNode({ id: 'c2', namespace: 'other', features: [] })),
  ]
  for (const each of clients) each.connect()
  for (const step of steps) {
    changeMesh(model, step)
    changeClient(clients, step)
    if (step.do === 'wait') await time.advance(5)
  }
  for (const each of clients) each.reading = true
  await time.advance(200)
  for (const each of clients) {
    each.exchange()
    const expected = expectedState(model.current, each.node, each.subscribed)
    expect(new Map([...each.held].map(([key, { content }]) => [key, content]))).toEqual(expected)
    const missing = [...each.subscribed].filter((host) => !expected.has(resourceKey('RouteConfiguration', host)))
    expect([...each.absent].sort()).toEqual(missing.sort())
    for (const resource of sentResources(each)) expect(validateResource(resource)).toMatchObject({ ok: true })
  }
  const settled = { pending: 0, nacked: [] }
  expect(push.clients()).toMatchObject([settled, settled, settled])
  push.close()
  expect(time.pendingTimers).toBe(0)
}

describe('what clients hold', () => {
  test('comes to the whole state, whatever happened on the way', async () => {
    const steps = fc.array(fc.oneof(meshStep, clientStep), { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(steps, (given) => converges(given as Step[], 0)),
      { numRuns: 300 },
    )
  })

  test('also where endpoints fill several pages', async () => {
    const steps = fc.array(fc.oneof(meshStep, clientStep), { maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(steps, (given) => converges(given as Step[], 1_100)),
      { numRuns: 25 },
    )
  })

  test('is never a route to a cluster that the server has and has not sent whole', async () => {
    const { time, model, push } = scene()
    for (let id = 0; id < 3; id++) registerMany(model, NAMES[id] as string, 700)
    const each = new SimulatedClient(push)
    each.subscribe(...NAMES.map(hostOf))
    each.connect()
    await time.advance(5)
    each.exchange()
    const seen = new Set<string>()
    for (const { event, data } of each.events) {
      if (event !== 'update') continue
      const { resources } = data as UpdateEvent
      const endpoints = resources.flatMap((resource) =>
        resource.type === 'ClusterLoadAssignment' ? resource.endpoints : [],
      )
      expect(endpoints.length).toBeLessThanOrEqual(ENDPOINTS_PER_PAGE)
      for (const resource of resources) {
        if (resource.type === 'ClusterLoadAssignment' && resource.page?.index === (resource.page?.count ?? 1) - 1) {
          seen.add(resource.name)
        }
        if (resource.type !== 'RouteConfiguration') continue
        for (const route of resource.virtualHosts.flatMap(({ routes }) => routes)) {
          for (const { cluster } of route.route?.clusters ?? []) expect(seen).toContain(cluster)
        }
      }
    }
    expect(each.held.size).toBe(2 + 3 * 3)
  })
})

function registerMany(model: TestModel, serviceName: string, count: number): void {
  const workloads = Array.from({ length: count }, (_, id) => {
    const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 10_000 + id, protocol: 'http' }]
    return [
      `${serviceName}-${id}`,
      { service: serviceName, ports, labels: { version: 'v1', app: serviceName } },
    ] as const
  })
  model.register(Object.fromEntries(workloads))
}

function sentResources(each: SimulatedClient): unknown[] {
  return each.events.flatMap(({ event, data }) => (event === 'update' ? [...(data as UpdateEvent).resources] : []))
}
