import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

let scene: MeshScene | undefined
afterEach(() => scene?.[Symbol.asyncDispose]())

describe('a policy that changes while a call is under way', () => {
  test('leaves the call the endpoints of its route, also where nothing leads there any more', async () => {
    const held: ServerResponse[] = []
    scene = await openMeshScene()
    for (const version of ['v1', 'v2']) {
      await scene.serve('reviews', version, (_, response) => {
        if (held.length === 0) held.push(response)
        else response.end(version)
      })
    }
    const caller = scene.join({ service: 'productpage' })
    await caller.ready()
    const answer = caller.request('http://reviews/').then(({ body }) => body.text())
    await poll(() => held.length > 0, 'the call under way')
    await scene.apply(
      destinationRule('reviews', { subsets: [{ name: 'v2', labels: { version: 'v2' } }] }),
      virtualService({ host: 'reviews', subset: 'v2' }),
    )
    expect(caller.status().clusters.map(({ name }) => name)).toEqual([
      'outbound|80|v2|reviews.default.svc.cluster.local',
    ])
    held[0]?.destroy()
    expect(await answer).toMatch(/^v[12]$/)
  })

  test('leaves it to a call that a fault has held up as well', async () => {
    scene = await openMeshScene()
    for (const version of ['v1', 'v2']) await scene.serve('reviews', version, (_, response) => response.end(version))
    const caller = scene.join({ service: 'productpage' })
    await caller.ready()
    const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
    const delay = { fixedDelay: '0.5s', percentage: { value: 100 } }
    const rule = destinationRule('reviews', { subsets })
    await scene.apply(rule, virtualService({ host: 'reviews', subset: 'v1' }))
    await caller.request('http://reviews/').then(({ body }) => body.text())
    await scene.apply(virtualService({ host: 'reviews', subset: 'v1' }, { fault: { delay } }))
    const answer = caller.request('http://reviews/').then(({ body }) => body.text())
    await scene.apply(virtualService({ host: 'reviews', subset: 'v2' }))
    expect(await answer).toBe('v1')
    expect(caller.status().clusters.map(({ name }) => name)).toEqual([expect.stringContaining('|v2|')])
  })
})

function virtualService(destination: object, more: object = {}): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews' },
    spec: { hosts: ['reviews'], http: [{ ...more, route: [{ destination }] }] },
  }
}
