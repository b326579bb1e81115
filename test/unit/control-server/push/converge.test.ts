import { ENDPOINTS_PER_PAGE, resourceKey, type UpdateEvent, validateResource } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPush } from '../../../../packages/control-server/src/push/push.ts'
import { changeMesh } from '../../../support/change-mesh.ts'
import { expectedState } from '../../../support/expected-state.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { HOSTS, hostOf, type MeshStep, meshStep, NAMES } from '../../../support/mesh-steps.ts'
import { SimulatedClient, testNode } from '../../../support/simulated-client.ts'
import { strictLogger } from '../../../support/strict-logger.ts'
import { type TestModel, testModel } from '../../../support/test-model.ts'

const client = fc.nat(2)

/** What can happen to a client. */
const clientStep = fc.oneof(
  fc.record({ do: fc.constantFrom('subscribe', 'unsubscribe'), client, host: fc.constantFrom(...HOSTS) }),
  fc.record({ do: fc.constantFrom('stall', 'read', 'reconnect', 'refuse-delta', 'read-without-answer'), client }),
  fc.record({ do: fc.constant('wait') }),
)

type ClientStep = typeof clientStep extends fc.Arbitrary<infer A> ? A : never
type Step = MeshStep | ClientStep

function changeClient(clients: readonly SimulatedClient[], step: Exclude<ClientStep, { readonly do: 'wait' }>): void {
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
    if (step.do === 'wait') await time.advance(5)
    else if ('client' in step) changeClient(clients, step)
    else changeMesh(model, step)
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
