import { afterEach, beforeEach, expect, test } from 'vitest'
import { KINDS } from '../../../../packages/control-server/src/config/resource.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'
import { Resources } from '../../../../packages/control-server/src/registry/resources.ts'
import type { Commit, Refusal, WriteMode } from '../../../../packages/control-server/src/registry/write-outcome.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'

const info = KINDS.find(({ kind }) => kind === 'DestinationRule') as (typeof KINDS)[number]
const address = { info, namespace: 'default', name: 'reviews' }

let at: StoreUnderTest
let resources: Resources
let uids: number
let looks: number

beforeEach(() => {
  at = (STORES.memory as () => StoreUnderTest)()
  uids = 0
  looks = 0
  resources = new Resources({
    store: at.store,
    domain: 'cluster.local',
    makeId: () => `uid-${++uids}`,
    wallNow: () => Date.UTC(2026, 0, 1),
    check: validateResource,
    findDangling: (all) => {
      looks++
      return ({ metadata }) => [`${metadata.name} is one of ${all.length}`]
    },
  })
})
afterEach(() => at[Symbol.asyncDispose]())

const rule = (host: string, metadata: object = {}): object => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'DestinationRule',
  metadata: { name: 'reviews', ...metadata },
  spec: { host },
})

async function write(
  values: readonly object[],
  mode: WriteMode = 'replace',
  dryRun = false,
): Promise<Commit | Refusal> {
  const result = await resources.write(
    values.map((value, index) => ({ value, where: `item ${index + 1}` })),
    { mode, dryRun },
  )
  return result.ok ? result.value : result.error
}

test('the server sets uid, creation, generation and version, whatever was sent', async () => {
  const sent = rule('a', { uid: 'mine', generation: 9, creationTimestamp: 'once' })
  expect(await write([sent])).toEqual({
    revision: 1,
    warnings: ['reviews is one of 1'],
    hosts: new Set(['a.default.svc.cluster.local']),
    written: [{ action: 'created', resource: await resources.get(address) }],
  })
  expect(await resources.get(address)).toEqual({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: {
      name: 'reviews',
      namespace: 'default',
      uid: 'uid-1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      resourceVersion: '1',
    },
    spec: { host: 'a' },
  })
})

test('the generation counts changes of the spec, the version every change, and the same again is none', async () => {
  await write([rule('a')])
  await write([rule('a')])
  await write([rule('a', { labels: { x: 'y' } })])
  await write([rule('b', { labels: { x: 'y' } })])
  expect((await resources.get(address))?.metadata).toMatchObject({
    uid: 'uid-1',
    generation: 2,
    resourceVersion: '3',
    labels: { x: 'y' },
  })
})

test.each<[string, WriteMode, object[], string]>([
  ['create of what exists', 'create', [rule('b')], 'AlreadyExists'],
  ['update of what does not', 'update', [rule('b', { name: 'other' })], 'NotFound'],
  ['a stale version', 'replace', [rule('b', { resourceVersion: '7' })], 'Conflict'],
  ['a version of what is gone', 'replace', [rule('b', { name: 'other', resourceVersion: '1' })], 'Conflict'],
  ['one that is invalid among others', 'replace', [rule('b'), rule('', { name: 'c' })], 'Invalid'],
])('%s is refused and nothing of it is stored', async (_what, mode, values, reason) => {
  await write([rule('a')])
  expect(await write(values, mode)).toMatchObject({ reason })
  expect([await at.store.revision(), (await resources.get(address))?.spec]).toEqual([1, { host: 'a' }])
})

test('the version that is there, or none, may be written over', async () => {
  await write([rule('a')])
  expect(await write([rule('b', { resourceVersion: '1' })])).toMatchObject({ revision: 2 })
  expect(await write([rule('c')])).toMatchObject({ revision: 3 })
})

test('a set shares a revision, and of a resource that is in it twice the last counts', async () => {
  const commit = await write([rule('a'), rule('b', { name: 'other' }), rule('c')])
  expect(commit).toMatchObject({
    revision: 1,
    written: [
      { action: 'created', resource: { spec: { host: 'c' } } },
      { action: 'created', resource: { spec: { host: 'b' } } },
    ],
    warnings: [
      'DestinationRule reviews (item 3): is given more than once; the last one counts',
      'DestinationRule default/reviews: reviews is one of 2',
      'DestinationRule default/other: other is one of 2',
    ],
  })
})

test('violations of a set say which of them they are in', async () => {
  expect(await write([rule('a'), { ...rule('b'), spec: { host: 'b', hosts: [] } }, { kind: 'Gateway' }])).toEqual({
    reason: 'Invalid',
    violations: [
      {
        field: '[1].spec.hosts',
        message: expect.stringMatching(/^DestinationRule reviews \(item 2\): is not a field/),
      },
      { field: '[2].apiVersion', message: expect.stringMatching(/^Gateway without name \(item 3\): is required/) },
    ],
  })
})

test('a dry run answers the same and stores nothing', async () => {
  await write([rule('a')])
  expect(await write([rule('b'), rule('b', { name: 'other' })], 'replace', true)).toMatchObject({
    revision: 1,
    written: [{ action: 'configured' }, { action: 'created' }],
  })
  expect([await at.store.revision(), await resources.list(info)]).toMatchObject([
    1,
    { resources: [{ spec: { host: 'a' } }] },
  ])
  expect(await resources.delete(address, { dryRun: true })).toMatchObject({ ok: true })
  expect(await resources.get(address)).toBeDefined()
})

test('a patch changes what it names, removes what it nulls, and is checked like anything else', async () => {
  await write([rule('a', { labels: { x: '1', y: '2' } })])
  const patch = { metadata: { labels: { x: null } }, spec: { subsets: [{ name: 'v1', labels: { version: 'v1' } }] } }
  expect(await resources.patch(address, patch, { dryRun: false })).toMatchObject({ ok: true, value: { revision: 2 } })
  const stored = await resources.get(address)
  expect([stored?.metadata.labels, stored?.spec]).toEqual([{ y: '2' }, { host: 'a', ...patch.spec }])
  const refused = async (bad: object): Promise<unknown> => {
    const result = await resources.patch(address, bad, { dryRun: false })
    return result.ok ? result.value : result.error.reason
  }
  expect(await refused({ spec: { host: null } })).toBe('Invalid')
  expect(await refused({ metadata: { name: 'other' } })).toBe('Invalid')
  expect(await refused({ metadata: { resourceVersion: '1' } })).toBe('Conflict')
  expect(await at.store.revision()).toBe(2)
})

test('patches that meet each other are all applied', async () => {
  await write([rule('a')])
  const labels = Array.from({ length: 10 }, (_, i) => `l${i}`)
  const patch = (label: string): object => ({ metadata: { labels: { [label]: 'x' } } })
  const results = await Promise.all(labels.map((label) => resources.patch(address, patch(label), { dryRun: false })))
  expect(results.every(({ ok }) => ok)).toBe(true)
  expect(Object.keys((await resources.get(address))?.metadata.labels ?? {}).sort()).toEqual(labels)
})

test('lists a namespace, or all, in order', async () => {
  await write([rule('a'), rule('a', { namespace: 'prod' }), rule('a', { name: 'other', namespace: 'prod' })])
  const names = async (namespace?: string): Promise<string[]> =>
    (await resources.list(info, namespace)).resources.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  expect([await names('prod'), await names('pro'), await names()]).toEqual([
    ['prod/other', 'prod/reviews'],
    [],
    ['default/reviews', 'prod/other', 'prod/reviews'],
  ])
})

test('delete takes a precondition, and says what is gone', async () => {
  await write([rule('a')])
  expect(await resources.delete(address, { dryRun: false, resourceVersion: '9' })).toMatchObject({
    error: { reason: 'Conflict' },
  })
  expect(await resources.delete(address, { dryRun: false, resourceVersion: '1' })).toMatchObject({
    value: { revision: 2, written: [{ action: 'deleted' }], hosts: new Set(['a.default.svc.cluster.local']) },
  })
  expect(await resources.delete(address, { dryRun: false })).toMatchObject({ error: { reason: 'NotFound' } })
})

test('a set is looked at as a whole once, however many resources it has', async () => {
  await write([rule('a', { name: 'a' }), rule('b', { name: 'b' }), rule('c', { name: 'c' })])
  expect(looks).toBe(1)
})
