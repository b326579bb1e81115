import { mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh, MeshError, type MeshOptions } from '@weft/mesh-client'
import { afterEach, describe, expect, test } from 'vitest'
import { poll } from '../support/poll.ts'
import { startProcess } from '../support/process.ts'

const NOWHERE = 'http://127.0.0.1:1'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function control(listen = '127.0.0.1:0'): Promise<ControlServer> {
  const server = await startControlServer({ store: 'memory', listen })
  ends.push(() => server.close())
  return server
}

interface Joined {
  readonly mesh: Mesh
  readonly said: string[]
}

function join(options: MeshOptions): Joined {
  const said: string[] = []
  const tell = (text: string, details?: object): void => void said.push(`${text} ${JSON.stringify(details ?? {})}`)
  const quiet = (): void => undefined
  const mesh = createMesh({
    drainDelayMs: 0,
    logger: { debug: quiet, info: quiet, warn: tell, error: tell },
    ...options,
  })
  ends.push(() => mesh.close({ timeoutMs: 2_000 }))
  return { mesh, said }
}

/** A service that answers with its version. */
async function serving(url: string, service: string, version: string, more: MeshOptions = {}): Promise<Mesh> {
  const { mesh } = join({ control: url, service, version, ...more })
  await mesh.serve((_request, response) => response.end(version), { host: '127.0.0.1' })
  await mesh.ready({ timeoutMs: 10_000 })
  return mesh
}

async function answers(
  mesh: Mesh,
  count: number,
  headers: Record<string, string> = {},
): Promise<Record<string, number>> {
  const by: Record<string, number> = {}
  for (let call = 0; call < count; call++) {
    const response = await mesh.fetch('http://reviews/', { headers })
    const answer = response.ok ? await response.text() : String(response.status)
    by[answer] = (by[answer] ?? 0) + 1
  }
  return by
}

const route = (weights: Record<string, number>): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'reviews', namespace: 'default' },
  spec: {
    hosts: ['reviews'],
    http: [
      {
        match: [{ headers: { 'x-canary': { exact: 'yes' } } }],
        route: [{ destination: { host: 'reviews', subset: 'v2' } }],
      },
      {
        route: Object.entries(weights).map(([subset, weight]) => ({
          destination: { host: 'reviews', subset },
          weight,
        })),
      },
    ],
  },
})
const subsets = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'reviews', namespace: 'default' },
  spec: { host: 'reviews', subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })) },
}

async function apply(
  url: string,
  ...resources: readonly object[]
): Promise<{ acked: number; nacked: number; pending: number }> {
  const response = await fetch(`${url}/v1/apply?wait=5s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(resources),
  })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return JSON.parse(text)
}

test('policy is enforced in a running caller, and moved while it runs', async () => {
  const { url } = await control()
  await serving(url, 'reviews', 'v1')
  await serving(url, 'reviews', 'v2')
  const { mesh, said } = join({ control: url, service: 'caller' })
  expect(Object.keys(await answers(mesh, 20)).sort()).toEqual(['v1', 'v2'])

  expect(await apply(url, subsets, route({ v1: 100, v2: 0 }))).toMatchObject({ nacked: 0, pending: 0 })
  expect(await answers(mesh, 20)).toEqual({ v1: 20 })
  expect(await answers(mesh, 5, { 'x-canary': 'yes' })).toEqual({ v2: 5 })

  const moved = await apply(url, route({ v1: 0, v2: 100 }))
  expect(moved.acked).toBeGreaterThanOrEqual(1)
  expect(await answers(mesh, 20)).toEqual({ v2: 20 })
  expect(said).toEqual([])
})

test('status tells who it is connected to, what it holds and who is behind it', async () => {
  const { url } = await control()
  await serving(url, 'reviews', 'v1', { servicePort: 9080 })
  const { mesh } = join({ control: url, dependencies: ['reviews', 'www.example.com'] })
  await mesh.ready({ timeoutMs: 5_000 })
  const status = mesh.status()
  expect(status).toMatchObject({ ready: true, missing: [], policy: 'control-server', nacks: [] })
  expect(status.control).toMatchObject({ url, connected: true, lastError: undefined })
  expect(status.subscriptions).toEqual(['reviews.default.svc.cluster.local'])
  expect(Object.keys(status.versions)).toContain('RouteConfiguration/reviews.default.svc.cluster.local')
  const cluster = status.clusters.find(({ name }) => name === 'outbound|9080||reviews.default.svc.cluster.local')
  expect(cluster).toMatchObject({ breaker: 'closed', endpoints: [{ health: 'HEALTHY', ejected: false, active: 0 }] })
  expect(JSON.parse(JSON.stringify(status))).toMatchObject({ ready: true })
})

test('what is served is registered, reached, and gone after close', async () => {
  const { url } = await control()
  const server = await serving(url, 'reviews', 'v1', { admin: { port: 0 } })
  expect(server.status().registrations).toMatchObject([{ state: 'registered', address: '127.0.0.1', violations: [] }])
  const service = async (): Promise<{ endpoints: unknown[] }> =>
    (await fetch(`${url}/v1/services/default/reviews`)).json() as Promise<{ endpoints: unknown[] }>
  expect((await service()).endpoints).toHaveLength(1)
  const caller = join({ control: url }).mesh
  expect(await answers(caller, 3)).toEqual({ v1: 3 })
  await Promise.all([server.close(), server.close()])
  expect((await service()).endpoints).toHaveLength(0)
  await poll(async () => (await caller.fetch('http://reviews/')).headers.get('x-weft-response-flags') === 'UH', 'UH')
})

test('a control server that comes back without its memory is told everything again', async () => {
  const first = await control()
  await serving(first.url, 'reviews', 'v1')
  const { mesh, said } = join({ control: first.url })
  expect(await answers(mesh, 3)).toEqual({ v1: 3 })
  await first.close()
  expect(await answers(mesh, 3)).toEqual({ v1: 3 })
  await poll(() => mesh.status().control.connected === false, 'the loss')
  const again = await control(new URL(first.url).host)
  await poll(() => mesh.status().control.connected, 'the reconnection')
  await poll(async () => {
    const response = await fetch(`${again.url}/v1/services/default/reviews`)
    return response.ok && ((await response.json()) as { endpoints: unknown[] }).endpoints.length === 1
  }, 'the registration')
  await poll(async () => (await mesh.fetch('http://reviews/')).ok, 'an answer')
  expect(said).toEqual([expect.stringContaining('cannot be reached')])
})

describe('with no control server', () => {
  test('ready() says what is missing, and nothing throws', async () => {
    const { mesh } = join({ control: NOWHERE, service: 'caller' })
    const error = await mesh.ready({ timeoutMs: 300 }).catch((reason: unknown) => reason)
    expect(MeshError.isMeshError(error) && error.code).toBe('WEFT_NOT_READY')
    expect(String(error)).toMatch(/index of the hosts.*127\.0\.0\.1:1.*ECONNREFUSED/)
    expect(mesh.status()).toMatchObject({ ready: false, policy: 'nowhere', control: { connected: false } })
  })

  test('ready() heeds its signal', async () => {
    const { mesh } = join({ control: NOWHERE })
    await expect(mesh.ready({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await expect(mesh.ready({ signal: AbortSignal.timeout(50) })).rejects.toThrow(/aborted due to timeout/)
  })

  test('a service that has been here before starts, serves and calls by what it knew', async () => {
    const stateDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'weft-e2e-')), 'state')
    const server = await control()
    await serving(server.url, 'reviews', 'v1')
    const before = await serving(server.url, 'caller', 'v1', { stateDir })
    expect(await answers(before, 3)).toEqual({ v1: 3 })
    await before.close()
    await server.close()
    const { mesh } = join({ control: server.url, service: 'caller', stateDir })
    const served = await mesh.serve((_request, response) => response.end('cold'), { host: '127.0.0.1' })
    await mesh.ready({ timeoutMs: 5_000 })
    expect(mesh.status()).toMatchObject({ ready: true, policy: 'last-known-good' })
    expect(await answers(mesh, 3)).toEqual({ v1: 3 })
    expect(await (await fetch(served.url)).text()).toBe('cold')
  })
})

describe('the life of a mesh', () => {
  test('await on it is legal', async () => {
    const { mesh } = join({ control: NOWHERE })
    expect(await mesh).toBe(mesh)
  })

  test('bad options throw at once', () => {
    expect(() => createMesh({ service: 'Not A Label', servicePort: 0 })).toThrow(/2 options are not usable/)
  })

  test('serve without a service says what to set', async () => {
    const { mesh } = join({ control: NOWHERE })
    await expect(mesh.serve(() => undefined)).rejects.toThrow(/WEFT_SERVICE/)
  })

  test('a call under way when the mesh closes is finished; afterwards calls and ready() are refused', async () => {
    const { url } = await control()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { mesh: reviews } = join({ control: url, service: 'reviews' })
    await reviews.serve((_request, response) => void held.then(() => response.end('late')), { host: '127.0.0.1' })
    await reviews.ready({ timeoutMs: 5_000 })
    const { mesh } = join({ control: url })
    await mesh.ready()
    const call = mesh.fetch('http://reviews/')
    await poll(
      () => mesh.status().clusters.some(({ endpoints }) => endpoints.some(({ active }) => active > 0)),
      'the call',
    )
    const closing = mesh.close()
    release()
    expect(await (await call).text()).toBe('late')
    await closing
    const error = (await mesh.fetch('http://reviews/').catch((reason: unknown) => reason)) as { cause: unknown }
    expect(error.cause).toMatchObject({ code: 'WEFT_CLOSED' })
    await expect(mesh.ready()).rejects.toMatchObject({ code: 'WEFT_CLOSED' })
    expect(mesh.status()).toMatchObject({ ready: false, missing: ['the mesh itself, which is closed'] })
  })

  test('close is bounded by its time: what hangs is cut', async () => {
    const { url } = await control()
    const { mesh: reviews } = join({ control: url, service: 'reviews' })
    await reviews.serve(() => undefined, { host: '127.0.0.1' })
    await reviews.ready({ timeoutMs: 5_000 })
    const { mesh } = join({ control: url })
    const call = mesh.fetch('http://reviews/').then(
      () => 'answered',
      () => 'cut',
    )
    await poll(
      () => mesh.status().clusters.some(({ endpoints }) => endpoints.some(({ active }) => active > 0)),
      'the call',
    )
    const started = performance.now()
    await mesh.close({ timeoutMs: 200 })
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(await call).toBe('cut')
  })

  test('the admin listener tells metrics, status and readiness', async () => {
    const { url } = await control()
    const mesh = await serving(url, 'reviews', 'v1', { admin: { port: 0 } })
    const port = await poll(() => mesh.status().adminPort, 'the admin listener')
    const admin = (page: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/${page}`)
    await poll(async () => (await admin('readyz')).status === 200, 'readiness')
    expect(await (await admin('metrics')).text()).toMatch(/weft_control_connected\{url="[^"]+"\} 1/)
    expect(await (await admin('status')).json()).toMatchObject({ node: { service: 'reviews' }, ready: true })
    await mesh.close()
    await expect(admin('readyz')).rejects.toThrow()
  })

  test('turned off it is plain fetch and a plain server', async () => {
    const { mesh } = join({ disabled: true, control: NOWHERE })
    await mesh.ready()
    const server = await mesh.serve((_request, response) => response.end('plain'), { host: '127.0.0.1' })
    expect(await (await mesh.fetch(server.url)).text()).toBe('plain')
    expect(await (await mesh.request(server.url)).body.text()).toBe('plain')
    expect(mesh.status()).toMatchObject({ disabled: true, registrations: [], control: { connected: false } })
    await mesh.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })
})

describe('nothing keeps a finished script from exiting', () => {
  const script = 'test/e2e/fixtures/finished-script.mjs'
  const run = async (doing: string, WEFT_CONTROL: string): Promise<{ output: string; code: number | string }> => {
    await using child = startProcess(script, { args: [doing], env: { WEFT_CONTROL, WEFT_SERVICE: 'script' } })
    await child.until(/done/)
    const code = await poll(
      () =>
        Promise.race([child.exited, new Promise<undefined>((r) => setTimeout(r, 50))]).then((c) =>
          c === undefined ? undefined : `${c}`,
        ),
      'the exit',
      3_000,
    )
    return { output: child.output(), code }
  }

  test.each(['idle', 'call', 'request', 'ready'])('after %s, with a control server', async (doing) => {
    const { url } = await control()
    await serving(url, 'reviews', 'v1')
    const { output, code } = await run(doing, url)
    expect(code).toBe('0')
    if (doing === 'call' || doing === 'request') expect(output).toContain('status 200')
    else expect(output).not.toContain('WEFT')
  })

  test.each(['idle', 'ready'])('after %s, without one', async (doing) => {
    const { output, code } = await run(doing, NOWHERE)
    expect(code).toBe('0')
    if (doing === 'ready') expect(output).toContain('WEFT_NOT_READY')
  })
})
