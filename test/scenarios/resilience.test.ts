import type { ServerResponse } from 'node:http'
import type { Mesh, MeshStatus } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { destinationRule, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

/** Answers by status, and by the mesh's own code where it answered itself. */
async function answers(mesh: Mesh, count: number): Promise<Record<string, number>> {
  const by: Record<string, number> = {}
  for (let n = 0; n < count; n++) {
    const response = await mesh.fetch('http://reviews/')
    const answer = `${response.headers.get('x-weft-error') ?? response.status} ${await response.text()}`
    by[answer] = (by[answer] ?? 0) + 1
  }
  return by
}

const clusterOf = (mesh: Mesh): MeshStatus['clusters'][number] | undefined =>
  mesh.status().clusters.find(({ name }) => name === 'outbound|80||reviews.default.svc.cluster.local')
const ejected = (mesh: Mesh): number => clusterOf(mesh)?.endpoints.filter((each) => each.ejected).length ?? 0

test('of three instances the one that always fails is ejected, comes back when it is well, and never more than half are out', async () => {
  await using scene = await openMeshScene()
  const failing = new Set<string>(['b'])
  for (const name of ['a', 'b', 'c']) {
    await scene.serve('reviews', 'v1', (_request, response) => {
      if (failing.has(name)) response.statusCode = 500
      response.end(name)
    })
  }
  const mesh = scene.join({ service: 'caller' })
  await answers(mesh, 1)
  const outlierDetection = {
    consecutive5xxErrors: 3,
    interval: '100ms',
    baseEjectionTime: '2s',
    maxEjectionPercent: 50,
  }
  const stored = await scene.apply(
    destinationRule('reviews', { trafficPolicy: { outlierDetection, loadBalancer: { simple: 'ROUND_ROBIN' } } }),
  )
  expect(stored).toMatchObject({ acked: 1, nacked: 0, pending: 0 })

  await poll(async () => ((await answers(mesh, 3)) ? ejected(mesh) === 1 : false), 'the ejection')
  expect(Object.keys(await answers(mesh, 30)).sort()).toEqual(['200 a', '200 c'])
  expect(await mesh.metrics.metrics()).toMatch(/weft_endpoint_ejections_total\{[^}]*reason="consecutive_5xx"[^}]*\} 1/)

  failing.clear()
  await poll(async () => (await answers(mesh, 3))['200 b'] !== undefined, 'its return')
  expect(ejected(mesh)).toBe(0)

  for (const name of ['a', 'b', 'c']) failing.add(name)
  await poll(async () => ((await answers(mesh, 3)) ? ejected(mesh) === 1 : false), 'another ejection')
  await answers(mesh, 30)
  expect(ejected(mesh)).toBeLessThanOrEqual(1)
})

test('what is more than the limits of a connectionPool is answered 503 UO at once, the rest in turn', async () => {
  await using scene = await openMeshScene()
  const held: ServerResponse[] = []
  await scene.serve('reviews', 'v1', (request, response) => {
    if (request.url === '/now') response.end('now')
    else held.push(response)
  })
  const mesh = scene.join({ service: 'caller' })
  await mesh.fetch('http://reviews/now')
  const connectionPool = { tcp: { maxConnections: 2 }, http: { http1MaxPendingRequests: 3 } }
  await scene.apply(destinationRule('reviews', { trafficPolicy: { connectionPool } }))

  const statuses: string[] = []
  const calls = Array.from({ length: 40 }, async () => {
    const response = await mesh.fetch('http://reviews/held')
    statuses.push(`${response.status} ${response.headers.get('x-weft-response-flags') ?? ''}`)
    await response.text()
  })
  await poll(() => statuses.length === 35 && held.length === 2, 'the overflow')
  expect(new Set(statuses)).toEqual(new Set(['503 UO']))
  for (let answered = 0; answered < 5; answered++) {
    const next = await poll(() => held.shift(), `request ${answered}`)
    expect(held.length).toBeLessThanOrEqual(1)
    next.end('late')
  }
  await Promise.all(calls)
  expect(statuses.filter((status) => status === '200 ')).toHaveLength(5)
  expect((await mesh.fetch('http://reviews/now')).status).toBe(200)
  expect(await mesh.metrics.metrics()).toMatch(/weft_overflow_total\{[^}]*kind="pending"[^}]*\} 35/)
})

test('an error-rate breaker opens, answers its fallback without asking anybody, and closes when the service is well', async () => {
  await using scene = await openMeshScene()
  let well = false
  let asked = 0
  await scene.serve('reviews', 'v1', (_request, response) => {
    asked++
    if (!well) response.statusCode = 500
    response.end(well ? 'well' : 'ill')
  })
  const mesh = scene.join({ service: 'caller' })
  expect(await answers(mesh, 1)).toEqual({ '500 ill': 1 })
  await scene.apply({
    apiVersion: 'mesh.weft.dev/v1',
    kind: 'CircuitBreaker',
    metadata: { name: 'reviews' },
    spec: {
      host: 'reviews',
      errorThresholdPercentage: 50,
      requestVolumeThreshold: 10,
      rollingWindow: '5s',
      openDuration: '1s',
      fallback: { response: { status: 200, headers: { 'x-from': 'fallback' }, body: 'instead' } },
    },
  })
  await poll(async () => (await answers(mesh, 1))['WEFT_CIRCUIT_OPEN instead'] === 1, 'the opening')
  expect(clusterOf(mesh)?.breaker).toBe('open')
  expect(asked).toBe(11)
  const response = await mesh.fetch('http://reviews/')
  expect([response.status, response.headers.get('x-from')]).toEqual([200, 'fallback'])
  expect(asked).toBe(11)

  // A trial that fails opens it again; it is the only one that gets through.
  await poll(async () => (await answers(mesh, 1))['500 ill'] === 1, 'a trial')
  expect(await answers(mesh, 5)).toEqual({ 'WEFT_CIRCUIT_OPEN instead': 5 })
  expect(asked).toBe(12)

  well = true
  await poll(async () => (await answers(mesh, 1))['200 well'] === 1, 'the closing')
  expect(await answers(mesh, 20)).toEqual({ '200 well': 20 })
  expect(clusterOf(mesh)?.breaker).toBe('closed')
})
