import { describe, expect, test } from 'vitest'
import { HOST, type PushScene, pushScene, registerReviews, SUBSETS, split } from '../../../support/push-scene.ts'
import { SimulatedClient, testNode } from '../../../support/simulated-client.ts'
import { destinationRule, service, virtualService } from '../../../support/test-model.ts'

describe('waiting for a commit', () => {
  const hosts = new Set([HOST])

  function connected(push: PushScene['push'], id: string, host = HOST): SimulatedClient {
    const client = new SimulatedClient(push, testNode({ id }))
    client.subscribe(host)
    client.connect()
    client.exchange()
    return client
  }

  test('counts who has acknowledged, who has refused and who has not answered', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const [quick, unwilling] = [connected(push, 'c1'), connected(push, 'c2'), connected(push, 'c3')]
    connected(push, 'c4', 'other.default.svc.cluster.local')
    unwilling?.refused.add(`RouteConfiguration/${HOST}`)
    const revision = model.put(SUBSETS, split(10))
    const status = push.waitFor(revision, hosts, 1_000)
    quick?.exchange()
    unwilling?.exchange()
    await time.advance(1_000)
    expect(await status).toEqual({ acked: 1, nacked: 1, pending: 1 })
  })

  test('is over as soon as all have answered or gone', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const [stays, goes] = [connected(push, 'c1'), connected(push, 'c2')]
    const status = push.waitFor(model.put(SUBSETS, split(10)), hosts, 60_000)
    stays.exchange()
    goes.disconnect()
    expect(await status).toEqual({ acked: 1, nacked: 0, pending: 0 })
    push.close()
    expect(time.pendingTimers).toBe(0)
  })

  test('is over at once for a commit that changed nothing', async () => {
    const { model, push } = pushScene((mesh) => {
      mesh.put(SUBSETS, split(10))
      registerReviews(mesh, 1)
    })
    const client = connected(push, 'c1')
    client.disconnect()
    client.connect()
    expect(await push.waitFor(model.put(split(10)), hosts, 0)).toEqual({ acked: 1, nacked: 0, pending: 0 })
  })

  test('is over with the commit, however much comes after it', async () => {
    const { time, model, push } = pushScene((mesh) => registerReviews(mesh, 1))
    const client = connected(push, 'c1')
    const status = push.waitFor(model.put(SUBSETS, split(10)), hosts, 60_000)
    model.put(split(11))
    await time.advance(5)
    client.exchange()
    expect(await status).toEqual({ acked: 1, nacked: 0, pending: 0 })
  })

  test('means also who is led to the host by the routes of another', async () => {
    const { model, push } = pushScene((mesh) => {
      registerReviews(mesh, 1)
      mesh.put(service('front', { selector: { app: 'front' }, ports: [{ port: 80 }] }))
      mesh.put(virtualService('front', { hosts: ['front'], http: [{ route: [{ destination: { host: 'reviews' } }] }] }))
    })
    const client = connected(push, 'c1', 'front.default.svc.cluster.local')
    const status = push.waitFor(
      model.put(destinationRule('r', { host: 'reviews', trafficPolicy: { outlierDetection: {} } })),
      hosts,
      60_000,
    )
    expect(push.clients()[0]?.pending).toBe(1)
    client.exchange()
    expect(await status).toEqual({ acked: 1, nacked: 0, pending: 0 })
  })

  test('means nobody where nobody follows', async () => {
    const { model, push } = pushScene()
    expect(await push.waitFor(model.put(split(1)), hosts, 60_000)).toEqual({ acked: 0, nacked: 0, pending: 0 })
  })
})
