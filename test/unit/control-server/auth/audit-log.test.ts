import { describe, expect, test } from 'vitest'
import { MAX_STATE_CHARACTERS } from '../../../../packages/control-server/src/auth/audit-entry.ts'
import { AuditLog } from '../../../../packages/control-server/src/auth/audit-log.ts'
import { systemTurn } from '../../../../packages/control-server/src/kernel/turn.ts'
import { AUDIT } from '../../../../packages/control-server/src/store/keys.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'

function follow({ store, time }: StoreUnderTest, maxEntries?: number): Promise<AuditLog> {
  return AuditLog.follow({
    store,
    wallNow: () => time.clock.wallNow(),
    turn: systemTurn,
    ...(maxEntries === undefined ? {} : { maxEntries }),
  })
}

const change = (name: string, given: object = {}): Parameters<AuditLog['write']>[0] => ({
  principal: 'token/a',
  verb: 'update',
  resource: { kind: 'VirtualService', namespace: 'default', name },
  before: { n: 1 },
  after: { n: 2 },
  ...given,
})

describe.each(Object.entries(STORES))('the audit log in %s', (_, open) => {
  test('tells of each change with the revision of its commit, newest first', async () => {
    await using under = open()
    const audit = await follow(under)
    await under.store.commit([], [{ type: 'put', key: '/x', value: '1' }, ...audit.operations([change('a')])])
    await audit.write(change('b', { principal: 'anonymous', before: undefined }))
    const entries = await audit.list({ limit: 10 })
    expect(entries).toEqual([
      {
        revision: 2,
        at: '2026-01-01T00:00:00Z',
        principal: 'anonymous',
        verb: 'update',
        resource: { kind: 'VirtualService', namespace: 'default', name: 'b' },
        after: { n: 2 },
      },
      expect.objectContaining({ revision: 1, before: { n: 1 }, after: { n: 2 } }),
    ])
  })

  test('finds by kind, name, namespace and principal', async () => {
    await using under = open()
    const audit = await follow(under)
    await audit.write(change('a'))
    await audit.write(change('b', { principal: 'server' }))
    await audit.write(change('c', { resource: { kind: 'Token', name: 'c' } }))
    const names = async (query: object): Promise<string[]> =>
      (await audit.list({ limit: 10, ...query })).map(({ resource }) => resource.name)
    expect(await names({ kind: 'virtualservice' })).toEqual(['b', 'a'])
    expect(await names({ name: 'a' })).toEqual(['a'])
    expect(await names({ namespace: 'default' })).toEqual(['b', 'a'])
    expect(await names({ principal: 'server' })).toEqual(['b'])
    expect(await names({ limit: 1 })).toEqual(['c'])
  })

  test('keeps so many entries, also over a start, and drops the oldest', async () => {
    await using under = open()
    const first = await follow(under, 3)
    for (const name of ['a', 'b', 'c', 'd']) await first.write(change(name))
    first.close()
    const again = await follow(under, 3)
    await under.store.commit([], again.operations([change('e'), change('f')]))
    const entries = await again.list({ limit: 10 })
    expect(entries.map(({ resource }) => resource.name)).toEqual(['f', 'e', 'd'])
    expect((await under.store.list(AUDIT)).entries).toHaveLength(3)
  })
})

test('a state that is too long is left out, and said to be', async () => {
  await using under = STORES.memory?.() as StoreUnderTest
  const audit = await follow(under)
  await audit.write(change('big', { before: undefined, after: 'x'.repeat(MAX_STATE_CHARACTERS) }))
  const [entry] = await audit.list({ limit: 1 })
  expect(entry?.after).toEqual({ omitted: true, characters: MAX_STATE_CHARACTERS + 2 })
})

test('an answer is no larger than memory can bear: older entries come without their states, and are found whole', async () => {
  await using under = STORES.memory?.() as StoreUnderTest
  const audit = await follow(under)
  const state = 'x'.repeat(60_000)
  await audit.write(change('oldest', { after: state }))
  for (let at = 0; at < 79; at++) await audit.write(change(`later-${at}`, { before: state, after: state }))
  const entries = await audit.list({ limit: 10_000 })
  expect(entries).toHaveLength(80)
  expect(JSON.stringify(entries).length).toBeLessThan(4.2 * 1024 * 1024)
  expect(entries[0]?.after).toBe(state)
  expect(entries.at(-1)?.after).toEqual({ omitted: true, characters: 60_002 })
  expect((await audit.list({ limit: 1, name: 'oldest' }))[0]?.after).toBe(state)
})

test('others are answered while it is looked through', async () => {
  await using under = STORES.memory?.() as StoreUnderTest
  const audit = await follow(under)
  for (let at = 0; at < 40; at++) await audit.write(change(`each-${at}`))
  const order: string[] = []
  const listed = audit.list({ limit: 100 }).then(() => order.push('listed'))
  setImmediate(() => order.push('other'))
  await listed
  expect(order).toEqual(['other', 'listed'])
})
