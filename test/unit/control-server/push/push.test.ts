import { HEARTBEAT_MS, type HelloEvent, type ResourceUpdate, type UpdateEvent } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { backend, httpRoute } from '../../../support/gateway-routes.ts'
import { HOST, pushScene, registerReviews, SUBSETS, split } from '../../../support/push-scene.ts'
import { SimulatedClient, testNode } from '../../../support/simulated-client.ts'
import { circuitBreaker, service, virtualService } from '../../../support/test-model.ts'

const ASSIGNMENT = `ClusterLoadAssignment/outbound|80||${HOST}`

function updates(client: SimulatedClient): UpdateEvent[] {
  return client.events.filter(({ event }) => event === 'update').map(({ data }) => data as UpdateEvent)
}

/** The resources of all updates since the events were last looked at. */
function takeResources(client: SimulatedClient): ResourceUpdate[] {
  const resources = updates(client).flatMap((update) => update.resources)
  client.events.length = 0
  return resources
}

function heldEndpoints({ held }: SimulatedClient, host: string): string[] {
  const content = held.get(`ClusterLoadAssignment/outbound|80||${host}`)?.content as ReadonlyMap<string, unknown>
  return [...content.keys()].sort()
}

describe('a stream', () => {
  test('begins with hello, and with nothing else before the first message', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const seen: string[] = []
    const sink = { write: (chunk: Buffer) => seen.push(chunk.toString()) > 0, end: () => undefined }
    push.openStream({ id: 's1', node: testNode(), sink, url: 'http://control/v1/streams/s1' })
    registerReviews(model, 2)
    await time.advance(100)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatch(/^event: hello\n/)
    const hello = JSON.parse((seen[0] as string).split('data: ')[1] as string) as HelloEvent
    expect(hello).toMatchObject({
      streamId: 's1',
      epoch: 'epoch',
      heartbeatMs: HEARTBEAT_MS,
      url: 'http://control/v1/streams/s1',
    })
  })

  test('begins with nothing older than what was written before it', async () => {
    const { time, model, push } = pushScene()
    registerReviews(model, 1)
    const client = new SimulatedClient(push)
    client.follow(HOST)
    await time.advance(100)
    client.read()
    const index = updates(client)[0]?.resources.find(({ type }) => type === 'HostIndex')
    expect(index).toMatchObject({ hosts: [HOST] })
    expect(updates(client)).toHaveLength(1)
  })

  test('carries everything of a host in one event, in the order in which it is applied, under the revision', () => {
    const { push } = pushScene((mesh) => registerReviews(mesh, 2))
    const client = new SimulatedClient(push)
    client.follow(HOST)
    const [, first, ...rest] = client.events
    expect(rest).toEqual([])
    expect(first?.id).toBe('epoch.1')
    expect(updates(client)[0]?.resources.map(({ type }) => type)).toEqual([
      'InboundPolicy',
      'Cluster',
      'ClusterLoadAssignment',
      'RouteConfiguration',
      'HostIndex',
    ])
  })

  test('carries one endpoint among ten thousand as one endpoint', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 10_000))
    const client = new SimulatedClient(push)
    client.subscribe(HOST)
    client.connect()
    await time.advance(5)
    client.exchange()
    expect(takeResources(client)).toHaveLength(20 + 4)
    const before = client.bytes
    model.register({
      w5: { weight: 7, ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 1_005, protocol: 'http' }] },
    })
    await time.advance(5)
    client.exchange()
    const [delta, ...rest] = takeResources(client)
    expect(rest).toEqual([])
    expect(delta).toMatchObject({
      type: 'ClusterLoadAssignment',
      removed: [],
      endpoints: [{ id: '127.0.0.1:1005', weight: 7 }],
    })
    expect(client.bytes - before).toBeLessThan(600)
  })

  test('carries nothing that the client holds already', () => {
    const { push } = pushScene((mesh) => registerReviews(mesh, 2))
    const client = new SimulatedClient(push)
    client.follow(HOST)
    client.disconnect()
    takeResources(client)
    client.connect()
    client.exchange()
    expect(takeResources(client)).toEqual([])
    expect(push.clients()).toMatchObject([{ sent: 5, acked: 5, pending: 0 }])
  })

  test('carries the difference to what the client holds, and takes back what is no more', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 3))
    const client = new SimulatedClient(push)
    client.subscribe(HOST, 'gone.default.svc.cluster.local')
    client.connect()
    new SimulatedClient(push, testNode({ id: 'stays' })).follow(HOST)
    client.held.set('Cluster/outbound|80||gone.default.svc.cluster.local', { version: 'x', content: {} })
    client.exchange()
    client.disconnect()
    client.events.length = 0
    model.unregister('w0')
    await time.advance(5)
    client.connect()
    client.exchange()
    expect(updates(client)).toMatchObject([
      {
        resources: [{ type: 'ClusterLoadAssignment', endpoints: [], removed: ['127.0.0.1:1000'] }],
        removed: [
          'RouteConfiguration/gone.default.svc.cluster.local',
          'Cluster/outbound|80||gone.default.svc.cluster.local',
        ],
      },
    ])
  })

  test('carries the endpoints of what an alias has come to mean, under the name of the alias', async () => {
    const alias = 'old.default.svc.cluster.local'
    const { time, model, push } = pushScene((mesh) => {
      mesh.register({ w0: { service: 'old' } })
      mesh.put(
        service('old', { type: 'ExternalName', externalName: HOST, ports: [{ port: 80 }] }),
        httpRoute('r', 'reviews', [{ backendRefs: [backend('old')] }]),
      )
    })
    const client = new SimulatedClient(push)
    client.follow(alias)
    const held = (): string[] => heldEndpoints(client, alias)
    expect(held()).toEqual(['127.0.0.1:40000', `${HOST}:80`])
    registerReviews(model, 1)
    await time.advance(5)
    client.exchange()
    expect(held()).toEqual(['127.0.0.1:1000'])
  })

  test('follows what an alias is an alias of, also where a breaker falls back to it', async () => {
    const alias = (name: string, to: string) =>
      service(name, { type: 'ExternalName', externalName: `${to}.default.svc.cluster.local`, ports: [{ port: 80 }] })
    const { time, model, push } = pushScene((mesh) => {
      mesh.register({ w0: { service: 'web' } })
      registerReviews(mesh, 1)
      mesh.put(circuitBreaker('web', { host: 'web', fallback: { host: 'one' } }), alias('one', 'two'))
    })
    const client = new SimulatedClient(push)
    client.follow('web.default.svc.cluster.local')
    const held = (): string[] => heldEndpoints(client, 'one.default.svc.cluster.local')
    expect(held()).toEqual(['two.default.svc.cluster.local:80'])
    model.put(alias('two', 'reviews'))
    await time.advance(5)
    client.exchange()
    expect(held()).toEqual(['127.0.0.1:1000'])
  })

  test('carries whole assignments to a client that does not know changes', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 3))
    const client = new SimulatedClient(push, testNode({ features: [] }))
    client.follow(HOST)
    takeResources(client)
    model.unregister('w0')
    await time.advance(5)
    client.exchange()
    const [whole] = takeResources(client)
    expect(whole).not.toHaveProperty('base')
    expect(whole).toMatchObject({ endpoints: [{ id: '127.0.0.1:1001' }, { id: '127.0.0.1:1002' }] })
  })

  test('leaves alone who does not follow what changed', async () => {
    const { time, model, push } = pushScene((mesh) => {
      mesh.put(service('details', { selector: { app: 'details' }, ports: [{ port: 80 }] }))
      registerReviews(mesh, 1)
    })
    const [near, far] = [new SimulatedClient(push), new SimulatedClient(push, testNode({ id: 'c2' }))]
    near.subscribe(HOST)
    far.subscribe('details.default.svc.cluster.local')
    for (const client of [near, far]) {
      client.connect()
      client.exchange()
      takeResources(client)
    }
    model.put(SUBSETS, split(10))
    await time.advance(5)
    expect(updates(far)).toEqual([])
    near.exchange()
    far.exchange()
    expect(takeResources(near).map(({ type }) => type)).toContain('RouteConfiguration')
    expect(takeResources(far)).toEqual([])
  })

  test('leaves alone clients whose labels a policy does not mean', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const clients = [
      testNode({ id: 'web', labels: { app: 'web' } }),
      testNode({ id: 'job', labels: { app: 'job' } }),
    ].map((node) => new SimulatedClient(push, node))
    for (const client of clients) {
      client.follow(HOST)
      takeResources(client)
    }
    const http = [
      { name: 'web', match: [{ sourceLabels: { app: 'web' } }], route: [{ destination: { host: 'reviews' } }] },
    ]
    model.put(virtualService('reviews', { hosts: ['reviews'], http }))
    await time.advance(5)
    for (const client of clients) client.exchange()
    expect(clients.map((client) => takeResources(client).length)).toEqual([1, 0])
  })

  test('sends the whole after a refused change, and a refused whole not again before it has changed', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 3))
    const client = new SimulatedClient(push)
    client.follow(HOST)
    takeResources(client)
    client.refuseNextDelta = true
    model.unregister('w0')
    await time.advance(5)
    client.exchange()
    expect(takeResources(client).map((resource) => 'base' in resource)).toEqual([true, false])

    const key = `RouteConfiguration/${HOST}`
    const version = client.held.get(key)?.version
    client.refused.add(key)
    model.put(SUBSETS, split(10))
    await time.advance(5)
    client.exchange()
    client.exchange()
    expect(takeResources(client).filter(({ type }) => type === 'RouteConfiguration')).toHaveLength(1)
    expect(client.held.get(key)?.version).toBe(version)
    expect(push.clients()[0]).toMatchObject({
      nacked: [{ name: key, violations: [{ message: 'refused' }] }],
      pending: 0,
    })

    client.refused.clear()
    model.put(split(20))
    await time.advance(5)
    client.exchange()
    expect(push.clients()[0]).toMatchObject({ nacked: [], pending: 0 })
  })

  test('takes messages in any order', () => {
    const { push } = pushScene((mesh) => registerReviews(mesh, 1))
    const written: string[] = []
    const sink = { write: (chunk: Buffer) => written.push(chunk.toString()) > 0, end: () => undefined }
    push.openStream({ id: 's', node: testNode(), sink, url: '' })
    push.handleMessage('s', { seq: 3, unsubscribe: [HOST] })
    push.handleMessage('s', { seq: 2, subscribe: [HOST, 'b.default.svc.cluster.local'] })
    expect(written).toHaveLength(1)
    push.handleMessage('s', { seq: 1 })
    expect(written).toHaveLength(2)
    expect(push.clients()).toMatchObject([{ subscriptions: ['b.default.svc.cluster.local'] }])
    expect(push.handleMessage('no-such-stream', { seq: 1 })).toBe(false)
  })

  test('follows the registration of its own workload', async () => {
    const { time, model, push } = pushScene()
    const client = new SimulatedClient(push, testNode({ id: 'w1', service: 'reviews', servicePorts: [80] }))
    client.connect()
    client.exchange()
    takeResources(client)
    model.register({
      w1: { ports: [{ name: 'http', servicePort: 9080, port: 8080, listenPort: 41_000, protocol: 'http' }] },
    })
    await time.advance(5)
    client.exchange()
    expect(takeResources(client)).toMatchObject([
      { type: 'InboundPolicy', services: [{ name: 'reviews', ports: [{ servicePort: 9080, port: 8080 }] }] },
      { type: 'HostIndex', hosts: [HOST] },
    ])
  })

  test('beats when it is silent and readable', async () => {
    const { time, push } = pushScene()
    const client = new SimulatedClient(push)
    client.connect()
    client.exchange()
    client.events.length = 0
    await time.advance(HEARTBEAT_MS)
    client.exchange()
    expect(client.events).toMatchObject([{ event: 'heartbeat', data: { revision: '0' } }])
    client.reading = false
    await time.advance(HEARTBEAT_MS * 10)
    client.read()
    expect(client.events).toHaveLength(2)
  })

  test('ends with the push service, and nobody waits on', async () => {
    const { time, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const client = new SimulatedClient(push)
    client.subscribe(HOST)
    client.connect()
    const waiting = push.waitFor(1, new Set([HOST]), 60_000)
    push.close()
    expect(await waiting).toEqual({ acked: 0, nacked: 0, pending: 1 })
    expect(client.ended).toBe(true)
    expect(push.clients()).toEqual([])
    expect(time.pendingTimers).toBe(0)
  })
})

describe('a stream that does not read', () => {
  test('is written one event at most, then the newest state, whatever came in between', async () => {
    const { time, model, push } = pushScene((mesh) => {
      mesh.put(SUBSETS, split(0))
      registerReviews(mesh, 50)
    })
    const [slow, quick] = [new SimulatedClient(push), new SimulatedClient(push, testNode({ id: 'c2' }))]
    for (const client of [slow, quick]) {
      client.follow(HOST)
    }
    slow.reading = false
    const before = slow.bytes
    for (let change = 0; change < 1_000; change++) {
      if (change % 2 === 0) model.put(split(change % 100))
      else model.register({ w0: { weight: change, labels: { version: 'v1' } } })
      await time.advance(2)
      quick.exchange()
    }
    expect(updates(quick).length).toBeGreaterThan(990)
    expect(slow.bytes - before).toBeLessThan(10_000)
    slow.events.length = 0
    slow.reading = true
    slow.exchange()
    expect(updates(slow)).toHaveLength(2)
    expect(slow.held.get(`RouteConfiguration/${HOST}`)).toEqual(quick.held.get(`RouteConfiguration/${HOST}`))
    expect(slow.held.get(ASSIGNMENT.replace('||', '|v1|'))).toEqual(quick.held.get(ASSIGNMENT.replace('||', '|v1|')))
  })
})
