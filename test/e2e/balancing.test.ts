import type { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { afterEach, describe, expect, test } from 'vitest'
import { type Answer, destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const opened: MeshScene[] = []
afterEach(async () => {
  for (const scene of opened.splice(0)) await scene[Symbol.asyncDispose]()
})

async function sceneWith(instances: number, answerOf: (instance: string) => Answer = saying): Promise<MeshScene> {
  const scene = await openMeshScene()
  opened.push(scene)
  for (let index = 0; index < instances; index++) {
    const name = `i${index}`
    await scene.serve('reviews', 'v1', answerOf(name))
  }
  return scene
}

function saying(instance: string): Answer {
  return (_, response) => response.end(instance)
}

interface Answered {
  readonly by: string
  readonly status: number
  readonly setCookie: string | null
}

async function ask(mesh: Mesh, path = '/', headers: Record<string, string> = {}): Promise<Answered> {
  const response = await mesh.fetch(`http://reviews${path}`, { headers })
  return { by: await response.text(), status: response.status, setCookie: response.headers.get('set-cookie') }
}

/** A caller that knows all instances. */
async function callerOf(scene: MeshScene, instances: number): Promise<Mesh> {
  const mesh = scene.join({ service: 'caller' })
  await mesh.ready({ timeoutMs: 10_000 })
  await ask(mesh)
  await knowing(mesh, instances)
  return mesh
}

async function knowing(mesh: Mesh, instances: number): Promise<void> {
  await poll(() => {
    const clusters = mesh.status().clusters
    return clusters.some((cluster) => cluster.endpoints.length === instances)
  }, `${instances} instances`)
}

function hashing(consistentHash: object): object {
  return destinationRule('reviews', { trafficPolicy: { loadBalancer: { consistentHash } } })
}

const KEYS = Array.from({ length: 24 }, (_, index) => `key-${index}`)

/** Who answers each key; fails where one key is answered by two. */
async function owners(send: (key: string) => Promise<Answered>): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let round = 0; round < 3; round++) {
    for (const key of KEYS) {
      const { by } = await send(key)
      expect(found.get(key) ?? by).toBe(by)
      found.set(key, by)
    }
  }
  return found
}

describe('a DestinationRule that hashes', () => {
  test.each([
    ['by a ring', { httpHeaderName: 'x-user' }],
    ['by Maglev', { httpHeaderName: 'x-user', maglev: { tableSize: 251 } }],
  ])('by a header, %s: the same key goes to the same instance, from every caller', async (_, consistentHash) => {
    const scene = await sceneWith(5)
    await scene.apply(hashing(consistentHash))
    const [one, other] = [await callerOf(scene, 5), await callerOf(scene, 5)]
    const first = await owners((key) => ask(one, '/', { 'x-user': key }))
    expect(new Set(first.values()).size).toBeGreaterThan(2)
    expect(await owners((key) => ask(other, '/', { 'x-user': key }))).toEqual(first)
  })

  test('by a query parameter', async () => {
    const scene = await sceneWith(5)
    await scene.apply(hashing({ httpQueryParameterName: 'user' }))
    const mesh = await callerOf(scene, 5)
    const found = await owners((key) => ask(mesh, `/?a=b&user=${key}`))
    expect(new Set(found.values()).size).toBeGreaterThan(2)
  })

  test('by the source address: a workload stays with one instance', async () => {
    const scene = await sceneWith(5)
    await scene.apply(hashing({ useSourceIp: true }))
    const mesh = await callerOf(scene, 5)
    const found = await owners(() => ask(mesh))
    expect(new Set(found.values()).size).toBe(1)
  })

  test('by the source address: so do its connections', async () => {
    const scene = await openMeshScene()
    opened.push(scene)
    for (const name of ['one', 'two', 'three', 'four']) {
      const options = { host: '127.0.0.1', servicePort: 3306, protocol: 'tcp' } as const
      await scene.join({ service: 'database', version: name }).serve((socket: Socket) => socket.end(name), options)
    }
    await scene.apply(
      destinationRule('database', { trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } } }),
    )
    const mesh = scene.join({ service: 'caller' })
    await mesh.ready({ timeoutMs: 10_000 })
    const seen = new Set<string>()
    const connect = async (): Promise<void> => {
      for await (const chunk of mesh.connect({ host: 'database', port: 3306 })) seen.add(String(chunk))
    }
    await connect()
    await knowing(mesh, 4)
    seen.clear()
    for (let call = 0; call < 12; call++) await connect()
    expect(seen.size).toBe(1)
  })

  test('by a cookie: it is made where it is missing, and whoever sends it back stays', async () => {
    const scene = await sceneWith(5)
    await scene.apply(hashing({ httpCookie: { name: 'session', ttl: '60s', path: '/' } }))
    const mesh = await callerOf(scene, 5)
    const seen = new Set<string>()
    for (let visitor = 0; visitor < 12; visitor++) {
      const { by, setCookie } = await ask(mesh)
      expect(setCookie).toMatch(/^session="[0-9a-f]{16}"; Max-Age=60; Path=\/; HttpOnly$/)
      const cookie = setCookie?.split(';')[0] as string
      const again = await ask(mesh, '/', { cookie })
      expect(again).toEqual({ by, status: 200, setCookie: null })
      seen.add(by)
    }
    expect(seen.size).toBeGreaterThan(1)
  })

  test('without a key requests are spread', async () => {
    const scene = await sceneWith(3)
    await scene.apply(hashing({ httpHeaderName: 'x-user' }))
    const mesh = await callerOf(scene, 3)
    const seen = new Set<string>()
    for (let call = 0; call < 40; call++) seen.add((await ask(mesh)).by)
    expect(seen.size).toBe(3)
  })

  test.each([
    ['goes back to the instance of the key', undefined, 1],
    ['goes elsewhere where the route says so', true, 2],
  ])('a retry %s', async (_, retryIgnorePreviousHosts, instances) => {
    const asked: string[] = []
    const scene = await sceneWith(4, (name) => (_request, response) => {
      asked.push(name)
      response.writeHead(asked.length === 1 ? 500 : 200).end(name)
    })
    const retries = { attempts: 2, retryOn: '5xx', ...(retryIgnorePreviousHosts && { retryIgnorePreviousHosts }) }
    await scene.apply(hashing({ httpHeaderName: 'x-user' }), {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews' },
      spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }], retries }] },
    })
    asked.push('the call that waits for all instances')
    const mesh = await callerOf(scene, 4)
    asked.length = 0
    expect((await ask(mesh, '/', { 'x-user': 'ann' })).status).toBe(200)
    expect(asked).toHaveLength(2)
    expect(new Set(asked).size).toBe(instances)
  })

  test('when an instance goes, only its keys move', async () => {
    const scene = await sceneWith(4)
    const leaving = await scene.serve('reviews', 'v1', saying('leaving'))
    await scene.apply(hashing({ httpHeaderName: 'x-user', maglev: { tableSize: 4099 } }))
    const mesh = await callerOf(scene, 5)
    const before = await owners((key) => ask(mesh, '/', { 'x-user': key }))
    await leaving.close({ timeoutMs: 2_000 })
    await poll(() => mesh.status().clusters.some(({ endpoints }) => endpoints.length === 4), 'four instances')
    const after = await owners((key) => ask(mesh, '/', { 'x-user': key }))
    const moved = KEYS.filter((key) => before.get(key) !== 'leaving' && before.get(key) !== after.get(key))
    expect(moved.length).toBeLessThanOrEqual(3)
    expect([...after.values()]).not.toContain('leaving')
  })
})

const counted = async (mesh: Mesh, calls: number): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (let call = 0; call < calls; call++) {
    const { by } = await ask(mesh)
    counts[by] = (counts[by] ?? 0) + 1
  }
  return counts
}

describe('Peak-EWMA', () => {
  test('by annotation, leaves a slow instance alone', async () => {
    const scene = await sceneWith(3, (name) => (_, response) => {
      if (name === 'i0') setTimeout(() => response.end(name), 100)
      else response.end(name)
    })
    const rule = destinationRule('reviews', {})
    const metadata = { name: 'reviews', annotations: { 'mesh.weft.dev/lb-policy': 'PEAK_EWMA' } }
    await scene.apply({ ...rule, metadata })
    const mesh = await callerOf(scene, 3)
    const { i0 = 0, i1 = 0, i2 = 0 } = await counted(mesh, 120)
    expect(i0).toBeLessThanOrEqual(4)
    expect(Math.min(i1, i2)).toBeGreaterThan(20)
  })

  test('by a LoadBalancer, is not drawn to an instance that fails fast', async () => {
    const scene = await sceneWith(3, (name) => (_, response) => {
      if (name === 'i0') response.writeHead(500).end(name)
      else setTimeout(() => response.end(name), 5)
    })
    await scene.apply({
      apiVersion: 'mesh.weft.dev/v1',
      kind: 'LoadBalancer',
      metadata: { name: 'reviews' },
      spec: { host: 'reviews', policy: 'PEAK_EWMA', peakEwma: { failurePenalty: '10s' } },
    })
    const mesh = await callerOf(scene, 3)
    const { i0 = 0 } = await counted(mesh, 100)
    expect(i0).toBeLessThanOrEqual(3)
  })
})

test('a warm-up gives a new instance its share by and by', async () => {
  const scene = await sceneWith(1)
  const window = 1_000
  await scene.apply(
    destinationRule('reviews', {
      trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN', warmup: { duration: `${window / 1_000}s` } } },
    }),
  )
  const mesh = await callerOf(scene, 1)
  await new Promise((resolve) => setTimeout(resolve, window))
  await scene.serve('reviews', 'v1', saying('fresh'))
  await poll(() => mesh.status().clusters.some(({ endpoints }) => endpoints.length === 2), 'the new instance')
  const { fresh: early = 0 } = await counted(mesh, 40)
  expect(early).toBeLessThan(15)
  // Round robin over two that are warm gives each exactly half.
  await poll(async () => (await counted(mesh, 40)).fresh === 20, 'an even share')
})

describe('the load that endpoints report', () => {
  const reporting =
    (busy: number): ((instance: string) => Answer) =>
    (instance) =>
    (request, response) => {
      const report = JSON.stringify({ rps_fractional: 100, cpu_utilization: instance === 'i0' ? busy : 0.1 })
      if (request.url === '/trailers') {
        response.writeHead(200, { trailer: 'endpoint-load-metrics' })
        response.write(instance)
        response.addTrailers({ 'endpoint-load-metrics': `JSON ${report}` })
      } else {
        response.setHeader('endpoint-load-metrics', `JSON ${report}`)
        response.write(instance)
      }
      response.end()
    }

  test.each([
    ['headers', '/'],
    ['trailers', '/trailers'],
  ])('weighs them, told by %s', async (_, path) => {
    const scene = await sceneWith(2, reporting(0.9))
    const backendUtilization = { weightStabilizationPeriod: '1ms', weightUpdatePeriod: '100ms' }
    await scene.apply(destinationRule('reviews', { trafficPolicy: { loadBalancer: { backendUtilization } } }))
    const mesh = await callerOf(scene, 2)
    const shareOfBusy = async (): Promise<number> => {
      const answers: Answered[] = []
      for (let at = 0; at < 20; at++) answers.push(await ask(mesh, path))
      return answers.filter(({ by }) => by === 'i0').length
    }
    await poll(async () => (await shareOfBusy()) <= 2, 'the busy one is asked one time in ten')
  })

  test('and what they report is passed on', async () => {
    const scene = await sceneWith(1, reporting(0.5))
    await scene.apply(destinationRule('reviews', { trafficPolicy: { loadBalancer: { backendUtilization: {} } } }))
    const mesh = await callerOf(scene, 1)
    const { headers } = await mesh.fetch('http://reviews/')
    expect(headers.get('endpoint-load-metrics')).toBe('JSON {"rps_fractional":100,"cpu_utilization":0.5}')
  })
})
