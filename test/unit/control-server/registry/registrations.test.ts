import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cleanUpKnownServices } from '../../../../packages/control-server/src/registry/known-service-cleanup.ts'
import { followStore, type LiveModel } from '../../../../packages/control-server/src/registry/live-model.ts'
import { Registrations } from '../../../../packages/control-server/src/registry/registrations.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'
import { registration } from './fixtures.ts'

const HOUR = 3_600_000
const HOST = 'reviews.default.svc.cluster.local'

let at: StoreUnderTest
let model: LiveModel
let registrations: Registrations
let wallNow: number

beforeEach(async () => {
  at = (STORES.memory as () => StoreUnderTest)()
  model = await followStore(at.store, 'cluster.local')
  wallNow = Date.UTC(2026, 0, 1)
  registrations = new Registrations({ store: at.store, ttlMs: 15_000, wallNow: () => wallNow })
})
afterEach(async () => {
  model.close()
  await at[Symbol.asyncDispose]()
})

const endpoints = (): number => model.current.instances(HOST, 80).length
const ports = (): unknown => model.current.services.get(HOST)?.ports.map(({ number }) => number)

test('a registration makes a service and its endpoint, in the model once it is acknowledged', async () => {
  expect(await registrations.register('w', registration())).toEqual({ ok: true, value: { ttlMs: 15_000 } })
  expect([endpoints(), ports()]).toEqual([1, [80]])
  expect(model.current.workloads.get('w')).toEqual({ id: 'w', ...registration() })
})

test('the same again is no change, whatever the order of its fields; another is', async () => {
  await registrations.register('w', registration({ labels: { a: '1', b: '2' } }))
  const reordered = Object.fromEntries(Object.entries(registration({ labels: { b: '2', a: '1' } })).reverse())
  await registrations.register('w', { ...reordered, somethingNew: true })
  expect(await at.store.revision()).toBe(1)
  await registrations.register('w', registration({ weight: 2 }))
  expect([await at.store.revision(), model.current.workloads.get('w')?.weight]).toEqual([2, 2])
})

test('is renewed without a revision, and leaves at once', async () => {
  await registrations.register('w', registration())
  expect([await registrations.renew('w'), await registrations.renew('x')]).toEqual([true, false])
  expect(await at.store.revision()).toBe(1)
  expect([await registrations.deregister('w'), await registrations.deregister('w')]).toEqual([true, false])
  expect([endpoints(), ports(), await registrations.renew('w')]).toEqual([0, [80], false])
})

test('many of one service at once all get in', async () => {
  const all = Array.from({ length: 50 }, (_, i) =>
    registrations.register(`w${i}`, registration({ address: `10.0.0.${i + 1}`, labels: { n: String(i) } })),
  )
  expect((await Promise.all(all)).every(({ ok }) => ok)).toBe(true)
  expect(endpoints()).toBe(50)
})

describe('refuses', () => {
  test.each<[string, string, unknown, string]>([
    ['an id with a slash', 'a/b', registration(), 'id'],
    ['an id that is too long', 'a'.repeat(254), registration(), 'id'],
    ['a list', 'w', [], ''],
    ['a URL as address', 'w', registration({ address: 'http://10.0.0.1' }), 'address'],
    ['an address with a port', 'w', registration({ address: '10.0.0.1:80' }), 'address'],
    ['an address of five numbers', 'w', registration({ address: '10.0.0.1.2' }), 'address'],
    ['an address to bind, not to reach', 'w', registration({ address: '0.0.0.0' }), 'address'],
    ['a service that is no DNS label', 'w', registration({ service: 'Reviews_1' }), 'service'],
    ['no ports', 'w', registration({ ports: [] }), 'ports'],
    ['weight 0', 'w', registration({ weight: 0 }), 'weight'],
  ])('%s', async (_what, id, body, field) => {
    const result = await registrations.register(id, body)
    expect(result.ok ? [] : result.error.map((violation) => violation.field)).toEqual([field])
    expect(await at.store.revision()).toBe(0)
  })

  test('everything that is wrong at once', async () => {
    const result = await registrations.register('/', { ...registration({ weight: 0 }), address: 7 })
    expect(result.ok ? [] : result.error.map(({ field }) => field)).toEqual(['id', 'address', 'weight'])
  })
})

describe('a known service', () => {
  const cleanUp = (): Promise<void> => cleanUpKnownServices(at.store, model.current, wallNow)

  test('has the ports of all registrations, for one that two name the last word', async () => {
    const port = (servicePort: number, protocol: string): object[] => [
      { name: 'p', servicePort, port: 1, listenPort: 1, protocol },
    ]
    await registrations.register('a', { ...registration(), ports: port(90, 'http') })
    await registrations.register('b', { ...registration(), ports: port(80, 'http') })
    await registrations.register('c', { ...registration(), ports: port(90, 'grpc') })
    const { ports } = model.current.services.get(HOST) ?? {}
    expect(ports?.map(({ number, protocol }) => [number, protocol])).toEqual([
      [80, 'http'],
      [90, 'grpc'],
    ])
    await registrations.deregister('a')
    await registrations.deregister('c')
    await cleanUp()
    expect(model.current.services.get(HOST)?.ports.map(({ number }) => number)).toEqual([80])
  })

  test('is forgotten a day after its last workload, not before', async () => {
    await registrations.register('w', registration())
    wallNow += 100 * HOUR
    await cleanUp()
    await registrations.deregister('w')
    wallNow += 24 * HOUR
    await cleanUp()
    expect(ports()).toEqual([80])
    wallNow += 2 * HOUR
    await cleanUp()
    expect(ports()).toBeUndefined()
  })

  test('that comes back while it is being forgotten stays', async () => {
    await registrations.register('w', registration())
    await registrations.deregister('w')
    wallNow += 48 * HOUR
    await Promise.all([cleanUp(), registrations.register('w', registration())])
    expect([ports(), endpoints()]).toEqual([[80], 1])
    await cleanUp()
    expect([ports(), endpoints()]).toEqual([[80], 1])
  })
})
