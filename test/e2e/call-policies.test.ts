import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'

/** What reached an instance, and how it answers next. */
interface Instance {
  readonly seen: { readonly url: string; readonly attempt: string; readonly host: string; body: string }[]
  /** Statuses of the next answers; then 200. */
  statuses: number[]
  /** How long the next answers take; then none. */
  delaysMs: number[]
}

const v1: Instance = { seen: [], statuses: [], delaysMs: [] }
const v2: Instance = { seen: [], statuses: [], delaysMs: [] }

let scene: MeshScene
let client: Mesh

async function serve(version: string, instance: Instance): Promise<void> {
  await scene.serve('reviews', version, async (request: IncomingMessage, response) => {
    const entry = {
      url: request.url ?? '',
      attempt: String(request.headers['x-envoy-attempt-count']),
      host: String(request.headers.host),
      body: '',
    }
    instance.seen.push(entry)
    const [delayMs, status] = [instance.delaysMs.shift() ?? 0, instance.statuses.shift() ?? 200]
    for await (const chunk of request) entry.body += String(chunk)
    if (delayMs > 0) await sleep(delayMs)
    response.writeHead(status).end(version)
  })
}

async function rule(http: object, annotations: object = {}): Promise<void> {
  const route = [{ destination: { host: 'reviews', subset: 'v1' } }]
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'reviews', annotations },
    spec: { hosts: ['reviews'], http: [{ name: 'only', route, ...http }] },
  })
  for (const instance of [v1, v2]) Object.assign(instance, { seen: [], statuses: [], delaysMs: [] })
}

async function metric(name: string, labels: string): Promise<number> {
  const text = await client.metrics.metrics()
  const line = text.split('\n').find((candidate) => candidate.startsWith(name) && candidate.includes(labels))
  return Number(line?.split(' ').at(-1) ?? 0)
}

const subsets = ['v1', 'v2'].map((version) => ({ name: version, labels: { version } }))

beforeAll(async () => {
  scene = await openMeshScene()
  await serve('v1', v1)
  await serve('v2', v2)
  client = scene.join({ service: 'client' })
  await client.ready({ timeoutMs: 10_000 })
  await scene.apply(destinationRule('reviews', { subsets }))
  await client.fetch('http://reviews/')
})
afterAll(() => scene[Symbol.asyncDispose]())

describe('fault', () => {
  test('delays and aborts the calls of a client', async () => {
    await rule({
      fault: {
        delay: { percentage: { value: 100 }, fixedDelay: '0.1s' },
        abort: { percentage: { value: 100 }, httpStatus: 418 },
      },
      retries: { attempts: 3, retryOn: '418,5xx' },
    })
    const start = performance.now()
    const response = await client.fetch('http://reviews/')
    expect([response.status, response.headers.get('x-weft-response-flags')]).toEqual([418, 'DI,FI'])
    expect(performance.now() - start).toBeGreaterThanOrEqual(99)
    expect([v1.seen, v2.seen]).toEqual([[], []])
    expect(await metric('weft_faults_injected_total', 'kind="abort"')).toBe(1)
    expect(await metric('weft_faults_injected_total', 'kind="delay"')).toBe(1)
    expect(await metric('istio_requests_total', 'response_flags="DI,FI"')).toBe(1)
  })

  test('says a gRPC status', async () => {
    await rule({ fault: { abort: { percentage: { value: 100 }, grpcStatus: 'UNAVAILABLE' } } })
    const response = await client.fetch('http://reviews/')
    expect([response.status, response.headers.get('grpc-status')]).toEqual([200, '14'])
  })
})

describe('mirror', () => {
  test('sends a copy to another subset, with the host of the call', async () => {
    await rule({ mirror: { host: 'reviews', subset: 'v2' } })
    const response = await client.fetch('http://reviews/a?b', { method: 'POST', body: 'both' })
    expect([response.status, await response.text()]).toEqual([200, 'v1'])
    await vi.waitFor(() => expect(v2.seen).toEqual([{ url: '/a?b', attempt: '1', host: 'reviews', body: 'both' }]))
    expect(v1.seen).toEqual(v2.seen)
    await vi.waitFor(async () => expect(await metric('weft_mirrored_requests_total', 'result="answered"')).toBe(1))
  })

  test('of nothing sends none, and several send to each', async () => {
    const to = (subset: string, value: number): object => ({
      destination: { host: 'reviews', subset },
      percentage: { value },
    })
    await rule({ mirrors: [to('v2', 100), to('v2', 100), to('v1', 0)] })
    expect((await client.fetch('http://reviews/')).status).toBe(200)
    await vi.waitFor(() => expect(v2.seen).toHaveLength(2))
    expect(v1.seen).toHaveLength(1)
  })

  test('that fails is nothing to the call', async () => {
    await rule({ mirror: { host: 'reviews', subset: 'v2' }, retries: { attempts: 2, retryOn: '5xx' } })
    v2.statuses = [500, 500, 500]
    expect((await client.fetch('http://reviews/')).status).toBe(200)
    await vi.waitFor(() => expect(v2.seen).toHaveLength(1))
    expect(v1.seen).toHaveLength(1)
  })
})

describe('retries', () => {
  test('count their attempts for the upstream', async () => {
    await rule({ retries: { attempts: 3, retryOn: '503', backoff: '1ms' } })
    v1.statuses = [503, 503]
    const response = await client.fetch('http://reviews/', { method: 'PUT', body: 'x' })
    expect(response.status).toBe(200)
    expect(v1.seen.map(({ attempt, body }) => [attempt, body])).toEqual([
      ['1', 'x'],
      ['2', 'x'],
      ['3', 'x'],
    ])
  })

  test('keep to the budget of their DestinationRule', async () => {
    await rule({ retries: { attempts: 1, retryOn: '503', backoff: '1ms' } })
    const budget = { percent: 0, minRetryConcurrency: 1 }
    await scene.apply(destinationRule('reviews', { subsets, trafficPolicy: { retryBudget: budget } }))
    v1.statuses = Array.from({ length: 30 }, () => 503)
    v1.delaysMs = Array.from({ length: 30 }, () => 50)
    const responses = await Promise.all(Array.from({ length: 10 }, () => client.fetch('http://reviews/')))
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503))
    // Ten calls at once, and one retry at a time.
    expect(v1.seen).toHaveLength(11)
    await scene.apply(destinationRule('reviews', { subsets }))
  })

  test('hedge where the annotation says so', async () => {
    await rule(
      { retries: { attempts: 1, perTryTimeout: '100ms', retryOn: '5xx', backoff: '1ms' } },
      { 'mesh.weft.dev/hedge-on-per-try-timeout': 'true' },
    )
    v1.delaysMs = [3_000]
    const start = performance.now()
    const response = await client.fetch('http://reviews/')
    expect([response.status, v1.seen.length]).toEqual([200, 2])
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(await metric('weft_hedges_total', 'event="won"')).toBe(1)
  })
})

test('nothing is left under way', async () => {
  const { clusters } = client.status()
  const active = clusters.flatMap(({ endpoints }) => endpoints.map(({ active: calls }) => calls))
  expect(active.every((calls) => calls === 0)).toBe(true)
  expect(active.length).toBeGreaterThan(0)
})
