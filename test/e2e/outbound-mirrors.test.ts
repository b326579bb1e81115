import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { DEFAULT_CIRCUIT_BREAKERS, DEFAULT_REPLAY_LIMIT_BYTES, DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'
import { describe, expect, test, vi } from 'vitest'
import {
  CLUSTER,
  closedPort,
  type Harness,
  localEndpoint,
  outboundHarness,
  startUpstream,
  type Upstream,
} from '../support/outbound.ts'
import { byId, type WireRoute, wireCluster, wireRoute } from '../support/wire.ts'

const MIRROR = 'outbound|80||reviews-next.default.svc.cluster.local'

function mirrored(percent: number, overrides: Partial<WireRoute['route']> = {}): WireRoute {
  return wireRoute(CLUSTER, {
    route: {
      clusters: [{ cluster: CLUSTER, weight: 1 }],
      timeoutMs: 0,
      retryPolicy: DEFAULT_RETRY_POLICY,
      requestMirrorPolicies: [{ cluster: MIRROR, percent }],
      ...overrides,
    },
  })
}

function ok(text = 'fine'): Promise<Upstream> {
  return startUpstream((_request, response) => void response.end(text))
}

function harness(primary: Upstream, mirror: Upstream | number, routes = [mirrored(100)]): Harness {
  const mesh = outboundHarness({ endpoints: [primary.endpoint], routes })
  const endpoint = typeof mirror === 'number' ? localEndpoint(mirror) : mirror.endpoint
  const service = { host: 'reviews-next.default.svc.cluster.local', name: 'reviews-next', namespace: 'default' }
  mesh.clusters.upsert(wireCluster({ name: MIRROR, service }), byId([endpoint]))
  return mesh
}

/** Nothing of the copies is left: no request under way, no place taken. */
async function expectQuiet(mesh: Harness): Promise<void> {
  await vi.waitFor(() => expect(mesh.states(MIRROR).map(({ active }) => active)).toEqual([0]))
  expect(mesh.clusters.get(MIRROR)?.limits().requests.current).toBe(0)
}

describe('a mirrored request', () => {
  test('reaches its cluster as the primary was sent, and is counted apart', async () => {
    await using primary = await ok('primary')
    await using mirror = await ok('mirror')
    await using mesh = harness(primary, mirror, [mirrored(100, { prefixRewrite: '/v2', hostRewrite: 'books' })])
    const response = await mesh.outbound.fetch('http://reviews/a?b=1', {
      method: 'POST',
      body: 'both',
      headers: { 'x-a': '1' },
    })
    expect(await response.text()).toBe('primary')
    await vi.waitFor(() => expect(mirror.seen).toMatchObject([{ method: 'POST', body: 'both' }]))
    const [seen, copied] = [primary.seen[0], mirror.seen[0]]
    expect(copied?.headers).toEqual(seen?.headers)
    expect(copied?.headers.host).toBe('books')
    expect(copied?.url).toBe(seen?.url)
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:answered']))
    expect(
      mesh.recorder.calls.map(({ service, reporter, status }) => [service?.name, reporter, status]).sort(),
    ).toEqual([
      ['reviews', 'source', 200],
      ['reviews-next', 'source', 200],
    ])
    await expectQuiet(mesh)
  })

  test('is sent for its share of the calls', async () => {
    await using primary = await ok()
    await using mirror = await ok()
    await using mesh = harness(primary, mirror, [mirrored(30)])
    for (let call = 0; call < 200; call++) await (await mesh.outbound.request('http://reviews/')).body.dump()
    await expectQuiet(mesh)
    expect(Math.abs(mirror.seen.length - 60)).toBeLessThan(5 * Math.sqrt(200 * 0.3 * 0.7))
  })

  test('is sent with the first attempt only', async () => {
    let count = 0
    await using primary = await startUpstream((_request, response) => {
      response.writeHead(count++ < 2 ? 503 : 200).end()
    })
    await using mirror = await ok()
    const retryPolicy = { ...DEFAULT_RETRY_POLICY, retryOn: ['5xx'], numRetries: 3 }
    await using mesh = harness(primary, mirror, [mirrored(100, { retryPolicy })])
    const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body: 'again' })
    await response.body.dump()
    expect([response.statusCode, primary.seen.length]).toEqual([200, 3])
    expect(primary.seen.map(({ headers }) => headers['x-envoy-attempt-count'])).toEqual(['1', '2', '3'])
    await expectQuiet(mesh)
    expect(mirror.seen).toMatchObject([{ body: 'again', headers: { 'x-envoy-attempt-count': '1' } }])
  })
})

describe('nothing that happens to a copy touches its call', () => {
  test('nobody listens', async () => {
    await using primary = await ok()
    await using mesh = harness(primary, await closedPort())
    const response = await mesh.outbound.fetch('http://reviews/', { method: 'PUT', body: 'a' })
    expect(await response.text()).toBe('fine')
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:failed']))
    expect(mesh.recorder.calls.find(({ service }) => service?.name === 'reviews-next')).toMatchObject({ flags: 'UF' })
    await expectQuiet(mesh)
  })

  test('the cluster is wherever its callers say, and nobody has called it', async () => {
    await using primary = await ok()
    await using mirror = await ok()
    await using mesh = harness(primary, mirror)
    mesh.clusters.upsert(wireCluster({ name: MIRROR, discoveryType: 'ORIGINAL_DST' }), byId([]))
    expect(await (await mesh.outbound.fetch(`http://reviews/`)).text()).toBe('fine')
    expect([mesh.recorder.events, mirror.seen]).toEqual([['mirror:unavailable'], []])
    expect(primary.seen).toHaveLength(1)
  })

  test('the cluster is not known, or has no endpoint', async () => {
    await using primary = await ok()
    await using mesh = harness(primary, 1)
    mesh.clusters.upsert(wireCluster({ name: MIRROR }), byId([]))
    await (await mesh.outbound.fetch('http://reviews/')).text()
    mesh.clusters.remove(MIRROR)
    await (await mesh.outbound.fetch('http://reviews/')).text()
    expect(mesh.recorder.events).toEqual(['mirror:unavailable', 'mirror:unavailable'])
  })

  test('a limit of its cluster leaves no room', async () => {
    await using primary = await ok()
    await using mirror = await startUpstream(() => undefined)
    await using mesh = harness(primary, mirror, [mirrored(100, { timeoutMs: 200 })])
    mesh.clusters.upsert(
      wireCluster({ name: MIRROR, circuitBreakers: { ...DEFAULT_CIRCUIT_BREAKERS, maxRequests: 1 } }),
      byId([mirror.endpoint]),
    )
    for (let call = 0; call < 3; call++) expect((await mesh.outbound.fetch('http://reviews/')).status).toBe(200)
    const dropped = ['overflow:requests', 'mirror:overflow', 'overflow:requests', 'mirror:overflow']
    expect(mesh.recorder.events).toEqual(dropped)
    // And the one that was let in ends by its own limit.
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual([...dropped, 'mirror:failed']))
    await expectQuiet(mesh)
  })

  test('it breaks in the middle of its answer', async () => {
    await using primary = await ok()
    await using mirror = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
    })
    await using mesh = harness(primary, mirror)
    expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('fine')
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:failed']))
    await expectQuiet(mesh)
  })
})

describe('a body that comes in pieces', () => {
  async function* pieces(count: number, size: number, taken: { count: number }): AsyncGenerator<Buffer> {
    for (let piece = 0; piece < count; piece++) {
      taken.count++
      await setImmediate()
      yield Buffer.alloc(size, piece % 256)
    }
  }

  test('is copied as its call sends it', async () => {
    await using primary = await ok()
    await using mirror = await ok()
    await using mesh = harness(primary, mirror)
    const taken = { count: 0 }
    const response = await mesh.outbound.request('http://reviews/', {
      method: 'POST',
      body: Readable.from(pieces(40, 1000, taken)),
    })
    await response.body.dump()
    await expectQuiet(mesh)
    expect(taken.count).toBe(40)
    expect(mirror.seen[0]?.body).toHaveLength(40_000)
    expect(mirror.seen[0]?.body).toBe(primary.seen[0]?.body)
  })

  test('longer than what is kept: the copy is given up, the call is whole', async () => {
    await using primary = await ok()
    await using mirror = await ok()
    await using mesh = harness(primary, mirror)
    const count = Math.ceil(DEFAULT_REPLAY_LIMIT_BYTES / 50_000) + 10
    const response = await mesh.outbound.request('http://reviews/', {
      method: 'POST',
      body: Readable.from(pieces(count, 50_000, { count: 0 })),
    })
    expect(await response.body.text()).toBe('fine')
    expect(primary.seen[0]?.body).toHaveLength(count * 50_000)
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:body']))
    await expectQuiet(mesh)
  })

  test('is not held up by a copy that nobody reads', async () => {
    await using primary = await ok()
    // Takes the connection and never reads a byte of the body.
    await using mirror = await startUpstream((request) => void request.pause(), { early: true })
    await using mesh = harness(primary, mirror, [mirrored(100, { timeoutMs: 400 })])
    const response = await mesh.outbound.request('http://reviews/', {
      method: 'POST',
      body: Readable.from(pieces(10, 100_000, { count: 0 })),
    })
    expect(await response.body.text()).toBe('fine')
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:failed']), { timeout: 2_000 })
    await expectQuiet(mesh)
  })

  test('that its caller gives up takes the copy along', async () => {
    await using primary = await startUpstream(() => undefined)
    await using mirror = await startUpstream(() => undefined)
    await using mesh = harness(primary, mirror)
    const abort = new AbortController()
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        await setImmediate()
        yield Buffer.from('x')
      }
    }
    const call = mesh.outbound.request('http://reviews/', {
      method: 'POST',
      body: Readable.from(endless()),
      signal: abort.signal,
    })
    await vi.waitFor(() => expect(mirror.seen).toHaveLength(1))
    abort.abort()
    await expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(mesh.recorder.events).toEqual(['mirror:failed']))
    await expectQuiet(mesh)
  })
})

test('closing waits for copies a moment and then cuts them off', async () => {
  await using primary = await ok()
  await using mirror = await startUpstream(() => undefined)
  await using mesh = harness(primary, mirror)
  await (await mesh.outbound.fetch('http://reviews/')).text()
  const start = performance.now()
  await mesh.outbound.close()
  expect(performance.now() - start).toBeLessThan(3_000)
  expect(mesh.recorder.events).toEqual(['mirror:failed'])
})
