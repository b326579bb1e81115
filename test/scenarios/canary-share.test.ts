import type { Mesh } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { openMeshScene } from '../support/mesh-scene.ts'

/** How often each version answers. */
async function answers(mesh: Mesh, count: number, userAgent: string, atOnce = 20): Promise<Record<string, number>> {
  const by: Record<string, number> = {}
  let left = count
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const response = await mesh.fetch('http://reviews/', { headers: { 'user-agent': userAgent } })
      const answer = await response.text()
      by[answer] = (by[answer] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, caller))
  return by
}

test('a canary at 10 % takes 10 % of 10,000 requests, and every request that its rule matches', {
  timeout: 60_000,
}, async () => {
  await using scene = await openMeshScene()
  for (const version of ['v1', 'v1', 'v2']) {
    await scene.serve('reviews', version, (_request, response) => response.end(version))
  }
  const callers = [scene.join({ service: 'one' }), scene.join({ service: 'two' })]
  for (const mesh of callers) await answers(mesh, 1, 'desktop')

  const match = [{ headers: { 'user-agent': { regex: '.*iPhone.*' } } }]
  const url = `${scene.control.url}/v1/services/default/reviews/canary`
  const set = await call(`${url}?wait=5s`, 'PUT', { subset: 'v2', weight: 10, match })
  expect(set).toMatchObject({ status: 200, body: { acked: 2, nacked: 0, pending: 0 } })

  const [mesh] = callers as [Mesh]
  const { v1 = 0, v2 = 0, ...others } = await answers(mesh, 10_000, 'desktop')
  expect(others).toEqual({})
  expect(v1 + v2).toBe(10_000)
  expect(v2).toBeGreaterThanOrEqual(850)
  expect(v2).toBeLessThanOrEqual(1_150)
  for (const each of callers) expect(await answers(each, 500, 'Mozilla/5.0 (iPhone; CPU)')).toEqual({ v2: 500 })

  const promoted = await call(`${url}/promote?wait=5s`, 'POST')
  expect(promoted).toMatchObject({ status: 200, body: { acked: 2, nacked: 0, pending: 0 } })
  for (const each of callers) expect(await answers(each, 500, 'desktop')).toEqual({ v2: 500 })
  const rolledBack = await call(`${url}?wait=5s`, 'DELETE')
  expect(rolledBack).toMatchObject({ status: 200, body: { acked: 2, nacked: 0, pending: 0 } })
  expect(Object.keys(await answers(mesh, 500, 'iPhone')).sort()).toEqual(['v1', 'v2'])
  expect(scene.warnings).toEqual([])
})
