import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registration, route, VS, virtualService, YAML } from '../support/api-bodies.ts'
import { type ApiAnswer, call, type ServerProcess, startServerProcess } from '../support/control-server.ts'
import { tempFolder } from '../support/control-stores.ts'

const folder = tempFolder()
let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess(path.join(folder.path, 'shared'))
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

const api = (method: string, at: string, body?: unknown, contentType?: string): Promise<ApiAnswer> =>
  call(server.url + at, method, body, contentType)

const revision = async (): Promise<number> => (await api('GET', '/v1/services')).body.revision

test('a dangling host or subset is accepted with a warning', async () => {
  const to = { destination: { host: 'nowhere', subset: 'v9' } }
  const put = await api('PUT', `${VS}/dangling`, virtualService('dangling', [{ route: [to] }]))
  expect([put.status, put.headers.get('warning')]).toEqual([
    201,
    expect.stringMatching(
      /^299 - "spec\.hosts\[0\]: no service dangling\.default.*", 299 - ".*destination\.host: no service nowhere\.default/,
    ),
  ])
  const applied = await api('POST', '/v1/apply', virtualService('dangling', [{ route: [to] }]))
  expect(applied.body).toMatchObject({
    results: [{ action: 'unchanged' }],
    warnings: [expect.stringMatching(/dangling/), expect.stringMatching(/nowhere/)],
  })
})

test('what has no effect is taken and said so', async () => {
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'secured' },
    spec: { host: 'reviews', trafficPolicy: { tunnel: { targetHost: 'a', targetPort: 80 } } },
  }
  const put = await api('PUT', `${VS.replace('virtualservices', 'destinationrules')}/secured`, rule)
  expect([put.status, put.headers.get('warning')]).toEqual([
    201,
    expect.stringMatching(/tunnel: only has an effect in a cluster's proxy/),
  ])
})

test('a resource lives as in Kubernetes', async () => {
  const at = `${VS}/life`
  const yaml =
    'metadata: { name: life }\nspec:\n  hosts: [life]\n  http:\n    - route: [{ destination: { host: life } }]\n'
  const created = await api('PUT', at, yaml, YAML)
  expect(created).toMatchObject({
    status: 201,
    body: {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'life', namespace: 'default', generation: 1, uid: expect.any(String) },
    },
  })
  expect(await api('POST', VS, created.body)).toMatchObject({ status: 409, body: { reason: 'AlreadyExists' } })
  expect(await api('PUT', at, created.body)).toMatchObject({ status: 200, body: created.body })
  const patched = await api('PATCH', at, { spec: { http: [route(undefined, 'b')] } }, 'application/merge-patch+json')
  expect(patched).toMatchObject({ status: 200, body: { metadata: { generation: 2 } } })
  expect(await api('PUT', at, created.body)).toMatchObject({ status: 409, body: { reason: 'Conflict' } })
  const { resourceVersion: _, ...metadata } = created.body.metadata
  expect(await api('PUT', `${at}?dryRun=All`, { ...created.body, metadata })).toMatchObject({ status: 200 })
  expect((await api('GET', at.replace('/v1/', '/v1beta1/'))).body).toEqual({
    ...patched.body,
    apiVersion: 'networking.istio.io/v1beta1',
  })
  const list = await api('GET', '/apis/networking.istio.io/v1/virtualservices')
  expect(list.body).toMatchObject({ kind: 'VirtualServiceList', metadata: { resourceVersion: expect.any(String) } })
  expect(list.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toContain('life')
  expect(await api('DELETE', at)).toMatchObject({ status: 200, body: { kind: 'Status', status: 'Success' } })
  expect(await api('GET', at)).toMatchObject({ status: 404 })
  expect(await api('POST', VS, { ...created.body, metadata: { name: 'life' } })).toMatchObject({ status: 201 })
  // A content type where there is no body, as many clients send it.
  expect(await api('DELETE', at, '')).toMatchObject({ status: 200, body: { kind: 'Status', status: 'Success' } })
})

test('?wait answers with how far the clients have come', async () => {
  const put = await api('PUT', `${VS}/waited?wait=5s`, virtualService('waited'))
  expect([put.status, put.body]).toEqual([200, { revision: await revision(), acked: 0, nacked: 0, pending: 0 }])
  const applied = await api('POST', '/v1/apply?wait=500ms', virtualService('waited'))
  expect(applied.body).toMatchObject({
    results: [{ action: 'unchanged' }],
    warnings: expect.arrayContaining([expect.stringMatching(/no service waited\.default/)]),
    pending: 0,
  })
  const deleted = await api('DELETE', `${VS}/waited?wait=5s`)
  expect(deleted).toMatchObject({ status: 200, body: { acked: 0, pending: 0 } })
})

test('a set is applied in one revision, a mixed one only when the rest may be skipped', async () => {
  const before = await revision()
  const gateway = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'g' }, spec: {} }
  const list = { apiVersion: 'v1', kind: 'List', items: [virtualService('set-a'), gateway, virtualService('set-b')] }
  expect(await api('POST', '/v1/apply', list)).toMatchObject({ status: 422 })
  expect(await api('POST', '/v1/apply?skipUnknown=true&dryRun=All', list)).toMatchObject({ status: 200 })
  expect(await revision()).toBe(before)
  const applied = await api('POST', '/v1/apply?skipUnknown=true&namespace=prod', list)
  expect(applied.body).toMatchObject({
    revision: before + 1,
    results: [
      { kind: 'VirtualService', namespace: 'prod', name: 'set-a', action: 'created' },
      { kind: 'VirtualService', namespace: 'prod', name: 'set-b', action: 'created' },
    ],
  })
  expect(applied.body.warnings[0]).toMatch(/^Gateway g .*is skipped/)
})

test('a workload comes, is seen by people and by Prometheus, and goes', async () => {
  expect(await api('PUT', '/v1/workloads/w1', registration())).toMatchObject({ status: 200, body: { ttlMs: 15_000 } })
  expect((await api('GET', '/v1/services/default/ratings')).body).toMatchObject({
    host: 'ratings.default.svc.cluster.local',
    ports: [{ name: 'http', port: 80, protocol: 'http' }],
    endpoints: [{ id: '127.0.0.1:4000', labels: { version: 'v1' }, health: 'HEALTHY', workload: { id: 'w1' } }],
  })
  expect((await api('GET', '/v1/prometheus/targets')).body).toEqual([
    { targets: ['127.0.0.1:15801'], labels: expect.objectContaining({ service: 'ratings', version: 'v1' }) },
  ])
  expect(await api('POST', '/v1/workloads/w1/renew', {})).toMatchObject({ status: 200 })
  expect(await api('DELETE', '/v1/workloads/w1')).toMatchObject({ status: 200 })
  expect(await api('POST', '/v1/workloads/w1/renew')).toMatchObject({ status: 404 })
  expect((await api('GET', '/v1/services/default/ratings')).body).toMatchObject({ endpoints: [] })
})

test('a service shows its subsets and the split of its traffic', async () => {
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  const to = (subset: string, weight: number): object => ({ destination: { host: 'shop', subset }, weight })
  await api('POST', '/v1/apply', [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { ports: [{ port: 80 }] } },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'shop' },
      spec: { host: 'shop', subsets },
    },
    virtualService('shop', [
      { match: [{ uri: { prefix: '/x' } }], route: [to('v1', 100)] },
      { route: [to('v1', 90), to('v2', 10)] },
    ]),
  ])
  expect((await api('GET', '/v1/services/default/shop')).body).toMatchObject({
    subsets,
    split: [
      { subset: 'v1', weight: 90 },
      { subset: 'v2', weight: 10 },
    ],
    endpoints: [],
  })
})

test('the API describes every path that it serves, and every reference in it leads somewhere', async () => {
  const { body } = await api('GET', '/openapi.json')
  const paths = Object.entries(body.paths as Record<string, Record<string, { summary: string }>>)
  expect(paths.length).toBeGreaterThan(25)
  const summaries = paths.flatMap(([, methods]) => Object.values(methods).map(({ summary }) => summary))
  expect(summaries.filter((summary) => summary.startsWith('/'))).toEqual([])
  for (const [, name = ''] of JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(body.components.schemas).toHaveProperty(name)
  }
})

test('health and metrics are as everywhere', async () => {
  expect([(await api('GET', '/healthz')).body, (await api('GET', '/readyz')).body]).toEqual(['ok\n', 'ok\n'])
  const { body, headers } = await api('GET', '/metrics')
  expect(headers.get('content-type')).toMatch(/^text\/plain/)
  expect(body).toMatch(/^weft_control_requests_total\{method="GET",route="\/healthz",code="200"\} \d+$/m)
  expect(body).toMatch(/^weft_control_revision \d+$/m)
})

test('what was acknowledged is there after kill -9 and a restart, registrations too', async () => {
  const dataDir = path.join(folder.path, 'killed')
  let one = await startServerProcess(dataDir)
  const acknowledged = new Set<string>()
  let stop = false
  const writers = [0, 1, 2, 3].map(async (writer) => {
    for (let n = 0; !stop; n++) {
      const name = `x-${writer}-${n}`
      const answer = await call(`${one.url}${VS}/${name}`, 'PUT', virtualService(name)).catch(() => undefined)
      if (answer?.status === 201) acknowledged.add(name)
    }
  })
  await call(`${one.url}/v1/workloads/w`, 'PUT', registration())
  await new Promise((resolve) => setTimeout(resolve, 500))
  await one.stop('SIGKILL')
  stop = true
  await Promise.all(writers)
  one = await startServerProcess(dataDir)
  const { items } = (await call(one.url + VS, 'GET')).body as { items: { metadata: { name: string } }[] }
  const stored = new Set(items.map(({ metadata }) => metadata.name))
  expect(acknowledged.size).toBeGreaterThan(10)
  expect([...acknowledged].filter((name) => !stored.has(name))).toEqual([])
  expect((await call(`${one.url}/v1/services/default/ratings`, 'GET')).body.endpoints).toHaveLength(1)
  expect(await call(`${one.url}/v1/workloads/w/renew`, 'POST')).toMatchObject({ status: 200 })
  await one.stop('SIGKILL')
})

test('ends on SIGTERM at once and cleanly, with a stream and a keep-alive connection open', async () => {
  const one = await startServerProcess(path.join(folder.path, 'stopped'))
  const node = {
    id: 'c',
    service: 'c',
    namespace: 'default',
    serviceAccount: 'default',
    labels: {},
    locality: { region: '', zone: '', subZone: '' },
    servicePorts: [],
    clientVersion: '0',
    features: [],
  }
  const stream = await fetch(`${one.url}/v1/stream?node=${encodeURIComponent(JSON.stringify(node))}`)
  const reader = stream.body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toMatch(/event: hello/)
  const begun = performance.now()
  one.child.kill('SIGTERM')
  expect(await one.exited).toBe(0)
  expect(performance.now() - begun).toBeLessThan(2_000)
  expect(one.output().split('\n')[0]).toBe(`weft listening on ${one.url}`)
  for (let last = await reader?.read(); last?.done === false; last = await reader?.read());
})
