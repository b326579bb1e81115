import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration, route, VS, virtualService } from '../support/api-bodies.ts'
import { type ApiAnswer, call } from '../support/control-server.ts'
import { rawConnection } from '../support/raw-http.ts'
import { testNode } from '../support/simulated-client.ts'

let server: ControlServer

beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})
afterAll(() => server.close())

const api = (method: string, at: string, body?: unknown): Promise<ApiAnswer> => call(server.url + at, method, body)

describe('the options of a deletion, as Kubernetes clients send them,', () => {
  const at = `${VS}/options`

  test.each([
    ['a dry run', { dryRun: ['All'] }, 200],
    ['another uid', { preconditions: { uid: 'another' } }, 409],
    ['another version', { preconditions: { resourceVersion: '999' } }, 409],
    ['a condition that cannot be read', { preconditions: { resourceVersion: 1 } }, 400],
    ['conditions that cannot be read', { preconditions: 'uid' }, 400],
    ['another kind of dry run', { dryRun: ['Some'] }, 400],
  ])('delete nothing with %s', async (_what, options, status) => {
    await api('PUT', at, virtualService('options'))
    expect(await api('DELETE', at, options)).toMatchObject({ status, body: { kind: 'Status', code: status } })
    expect(await api('GET', at)).toMatchObject({ status: 200 })
  })

  test('delete what they name', async () => {
    const { uid, resourceVersion } = (await api('PUT', at, virtualService('options'))).body.metadata
    const options = { dryRun: [], preconditions: { uid, resourceVersion } }
    expect(await api('DELETE', at, options)).toMatchObject({ status: 200 })
    expect(await api('GET', at)).toMatchObject({ status: 404 })
  })
})

const KINDLESS = [
  '/apis/networking.istio.io/v9/namespaces/default/virtualservices/x',
  '/apis/networking.weft.dev/v1/namespaces/default/virtualservices/x',
  '/api/v1/namespaces/default/virtualservices/x',
  '/apis/networking.istio.io/v1/namespaces/default/gateways/x',
]

test.each(KINDLESS)('there is nothing at %s, whatever the method', async (at) => {
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const body = method === 'PUT' || method === 'PATCH' ? virtualService('x') : undefined
    expect([method, (await api(method, at, body)).status]).toEqual([method, 404])
  }
})

test('requests are counted by the kind that they are to, and those to none together', async () => {
  await api('DELETE', `${VS}/counted`)
  await api('DELETE', KINDLESS[0] as string)
  const foreign = { 'sec-fetch-site': 'cross-site' }
  expect((await fetch(server.url + KINDLESS[1], { method: 'DELETE', headers: foreign })).status).toBe(403)
  const { body } = await api('GET', '/metrics')
  const deletions = String(body)
    .split('\n')
    .filter((line) => line.startsWith('weft_control_requests_total{method="DELETE"'))
  expect(deletions.map((line) => /route="([^"]*)",code="(\d+)"/.exec(line)?.slice(1))).toEqual(
    expect.arrayContaining([
      ['/apis/networking.istio.io/v1/namespaces/:namespace/virtualservices/:name', '404'],
      ['none', '404'],
      ['none', '403'],
    ]),
  )
  expect(deletions.filter((line) => line.includes(':plural') || line.includes('v9'))).toEqual([])
})

test('a HEAD of the stream opens none', async () => {
  const node = encodeURIComponent(JSON.stringify(testNode()))
  const response = await fetch(`${server.url}/v1/stream?node=${node}`, { method: 'HEAD' })
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
  expect((await api('GET', '/v1/clients')).body.clients).toEqual([])
})

test('a compressed body is refused for that and not for what it looks like', async () => {
  const response = await fetch(`${server.url}${VS}/zipped`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify(virtualService('zipped'))),
  })
  expect([response.status, await response.json()]).toEqual([
    415,
    expect.objectContaining({ reason: 'UnsupportedMediaType', message: expect.stringMatching(/gzip/) }),
  ])
})

test.each([
  ['headers beyond 16 KiB', `GET /v1/stream?node=${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, /16 KiB/],
  ['what is no HTTP', '\x16\x03\x01\x02\x00\x01\x00', 400, /not HTTP/],
])('%s are answered as every other failure', async (_what, bytes, code, message) => {
  const connection = await rawConnection(Number(new URL(server.url).port), bytes)
  const text = await connection.until(/\r\n\r\n.*\}$/s)
  await connection.closed
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${code} `))
  expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ kind: 'Status', code })
  expect(text).toMatch(message)
})

test('the split of a service is that within the mesh, not that of a gateway', async () => {
  await api('PUT', '/v1/workloads/w1', registration())
  const entry = virtualService('entry', [route(undefined, 'elsewhere')])
  const spec = { ...(entry.spec as object), hosts: ['*'], gateways: ['edge'] }
  expect(await api('PUT', `${VS}/entry`, { ...entry, spec })).toMatchObject({ status: 201 })
  expect((await api('GET', '/v1/services/default/ratings')).body).toMatchObject({ split: [] })
})
