import { type ControlServer, startControlServer } from '@weft/control-server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { registration } from '../support/test-model.ts'

interface Answer {
  readonly status: number
  readonly warning: string | null
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the test, which fails where they are not as expected
  readonly body: any
}

let server: ControlServer
let revision = 0

beforeEach(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  await register('reviews-v1', 'v1', 1)
  await register('reviews-v2', 'v2', 2)
})
afterEach(() => server.close())

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const answer = (await response.json()) as { revision?: number }
  revision = answer.revision ?? revision
  return { status: response.status, warning: response.headers.get('warning'), body: answer }
}

async function register(id: string, version: string, number: number): Promise<void> {
  const { status } = await call(
    'PUT',
    `/v1/workloads/${id}`,
    registration({ address: `127.0.0.${number}`, labels: { version } }),
  )
  expect(status).toBeLessThan(300)
}

const CANARY = '/v1/services/default/reviews/canary'
const VIRTUAL_SERVICE = '/apis/networking.istio.io/v1/namespaces/default/virtualservices/reviews'

const canary = (method: string, body?: unknown, more = ''): Promise<Answer> => call(method, `${CANARY}${more}`, body)
const splitNow = async (): Promise<unknown> => (await call('GET', '/v1/services/default/reviews')).body.split

test('a canary is set, looked at, promoted and rolled back', async () => {
  const match = [{ headers: { 'x-canary': { exact: '1' } } }]
  const set = await canary('PUT', { subset: 'v2', weight: 10, match }, '?wait=1s')
  expect(set).toMatchObject({
    status: 200,
    body: {
      revision: expect.any(Number),
      acked: 0,
      nacked: 0,
      pending: 0,
      canary: { subset: 'v2', weight: 10, match },
    },
  })
  expect(await splitNow()).toMatchObject([
    { subset: 'v1', weight: 90 },
    { subset: 'v2', weight: 10 },
  ])
  expect(await canary('GET')).toMatchObject({ status: 200, body: { subset: 'v2', promoted: false } })

  expect(await canary('POST', {}, '/promote')).toMatchObject({
    status: 200,
    body: { canary: { weight: 100, match: [], promoted: true } },
  })
  expect(await splitNow()).toMatchObject([{ subset: 'v2', weight: 100 }])

  expect(await canary('DELETE')).toMatchObject({ status: 200, body: { revision: expect.any(Number) } })
  expect(await canary('GET')).toMatchObject({ status: 404 })
  expect(await call('GET', VIRTUAL_SERVICE)).toMatchObject({ status: 404 })
})

test('what it writes are resources like others, with their uid, generation and version', async () => {
  await canary('PUT', { subset: 'v2', weight: 10 })
  const first = (await call('GET', VIRTUAL_SERVICE)).body.metadata
  await canary('PUT', { subset: 'v2', weight: 20 })
  const second = (await call('GET', VIRTUAL_SERVICE)).body.metadata
  expect([first.generation, second.generation]).toEqual([1, 2])
  expect(second).toMatchObject({ uid: first.uid, creationTimestamp: first.creationTimestamp })
  expect(second.resourceVersion).not.toBe(first.resourceVersion)
})

test('the same again changes nothing, and a dry run neither', async () => {
  await canary('PUT', { subset: 'v2', weight: 10 })
  const before = revision
  await canary('PUT', { subset: 'v2', weight: 10 })
  expect(revision).toBe(before)
  const dry = await canary('PUT', { subset: 'v2', weight: 70 }, '?dryRun=All')
  expect(dry).toMatchObject({
    status: 200,
    body: { revision: before, canary: { split: [{ weight: 30 }, { weight: 70 }] } },
  })
  expect(await canary('GET')).toMatchObject({ body: { weight: 10 } })
})

test('steps that come at the same time follow one another', async () => {
  const answers = await Promise.all([10, 20, 30, 40].map((weight) => canary('PUT', { subset: 'v2', weight })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  await canary('DELETE')
  expect(await call('GET', VIRTUAL_SERVICE)).toMatchObject({ status: 404 })
})

test('a version that nobody has is taken with a warning', async () => {
  expect(await canary('PUT', { subset: 'v9', weight: 1 })).toMatchObject({
    status: 200,
    warning: expect.stringContaining('no workload of reviews.default.svc.cluster.local has the version v9 yet'),
  })
})

test.each([
  [
    'an unknown service',
    'PUT',
    '/v1/services/default/nobody/canary',
    { subset: 'v2', weight: 1 },
    404,
    'no service nobody',
  ],
  ['no canary to promote', 'POST', `${CANARY}/promote`, {}, 404, 'no canary'],
  ['no canary to roll back', 'DELETE', CANARY, undefined, 404, 'no canary'],
  ['a body that is none', 'PUT', CANARY, [], 400, 'must be a JSON object'],
  [
    'a weight that is none',
    'PUT',
    CANARY,
    { subset: 'v2', weight: -1 },
    422,
    'weight: must be a whole number from 0 to 100',
  ],
  [
    'a regex with look-ahead',
    'PUT',
    CANARY,
    { subset: 'v2', weight: 1, match: [{ uri: { regex: '(?=x)' } }] },
    422,
    'match[0].uri.regex',
  ],
])('refuses %s', async (_, method, path, body, status, message) => {
  const answer = await call(method, path, body)
  expect(answer).toMatchObject({
    status,
    body: { kind: 'Status', code: status, message: expect.stringContaining(message) },
  })
  if (status === 422) expect(answer.body.details.causes.length).toBeGreaterThan(0)
})

test('nothing to carry the rest is refused, and so are several VirtualServices', async () => {
  await call('DELETE', '/v1/workloads/reviews-v1')
  expect(await canary('PUT', { subset: 'v2', weight: 10 })).toMatchObject({
    status: 422,
    body: { details: { causes: [{}] } },
  })
  const named = (name: string): object => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name },
    spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }] }] },
  })
  await call('POST', '/v1/apply', [named('a'), named('b')])
  expect(await canary('PUT', { subset: 'v2', weight: 10 })).toMatchObject({ status: 409 })
})
