import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangeBatch, Operation, Store } from '../../../../packages/control-server/src/store/store.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'

const put = (key: string, value: string, leaseId?: string): Operation =>
  leaseId === undefined ? { type: 'put', key, value } : { type: 'put', key, value, leaseId }
const remove = (key: string): Operation => ({ type: 'delete', key })

const TTL = 15_000

/** Lets commits happen that a timer asked for. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn()
}

async function keys(store: Store, prefix = ''): Promise<string[]> {
  return (await store.list(prefix)).entries.map(({ key }) => key)
}

/** Moves time on in steps of a second, letting commits happen in between. */
async function advance({ time }: StoreUnderTest, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await time.advance(Math.min(left, 1_000))
    await settle()
  }
}

describe.each(Object.entries(STORES))('the store in %s', (_name, open) => {
  test('begins empty at revision 0 with an epoch of its own', async () => {
    await using at = open()
    expect(await at.store.revision()).toBe(0)
    expect(await at.store.list('')).toEqual({ revision: 0, entries: [] })
    expect(at.store.epoch).toMatch(/^epoch-of-/)
  })

  test('a commit gives all its operations one revision; what was created keeps that', async () => {
    await using at = open()
    expect(await at.store.commit([], [put('/a', '1'), put('/b', '1')])).toEqual({ ok: true, revision: 1 })
    expect(await at.store.commit([], [put('/a', '2'), remove('/b')])).toEqual({ ok: true, revision: 2 })
    const entry = { key: '/a', value: '2', createRevision: 1, modRevision: 2, leaseId: undefined }
    expect(await at.store.get('/a')).toEqual(entry)
    expect(await at.store.list('/')).toEqual({ revision: 2, entries: [entry] })
  })

  test('a key that was deleted and made again is a new one', async () => {
    await using at = open()
    await at.store.commit([], [put('/a', '1')])
    await at.store.commit([], [remove('/a')])
    await at.store.commit([], [put('/a', '1')])
    expect(await at.store.get('/a')).toMatchObject({ createRevision: 3, modRevision: 3 })
  })

  test('lists a prefix in key order', async () => {
    await using at = open()
    await at.store.commit(
      [],
      ['/b/2', '/a/1', '/b/10', '/b', '/c', '/b/'].map((key) => put(key, key)),
    )
    expect(await keys(at.store, '/b/')).toEqual(['/b/', '/b/10', '/b/2'])
  })

  test.each<[string, Operation[]]>([
    ['the same value', [put('/a', '1')]],
    ['a delete of nothing', [remove('/none')]],
    ['a put and a delete of a new key', [put('/x', '1'), remove('/x')]],
    ['no operation', []],
  ])('%s changes nothing and bumps no revision', async (_what, operations) => {
    await using at = open()
    await at.store.commit([], [put('/a', '1')])
    const batches: ChangeBatch[] = []
    at.store.watch(1, (batch) => batches.push(batch))
    expect(await at.store.commit([], operations)).toEqual({ ok: true, revision: 1 })
    expect([batches, await keys(at.store)]).toEqual([[], ['/a']])
  })

  test('a commit whose compares fail writes nothing and names every one of them', async () => {
    await using at = open()
    await at.store.commit([], [put('/a', '1'), put('/b', '1')])
    const compares = [
      { key: '/a', modRevision: 7 },
      { key: '/b', modRevision: 1 },
      { key: '/c', modRevision: 3 },
    ]
    const result = await at.store.commit(compares, [put('/a', '2'), put('/d', '1')])
    expect(result).toEqual({ ok: false, conflicts: [compares[0], compares[2]] })
    expect([await at.store.revision(), await keys(at.store)]).toEqual([1, ['/a', '/b']])
  })

  test('of many that swap one key at once, one wins', async () => {
    await using at = open()
    const attempts = Array.from({ length: 20 }, (_, i) =>
      at.store.commit([{ key: '/a', modRevision: 0 }], [put('/a', String(i))]),
    )
    const results = await Promise.all(attempts)
    expect(results.filter(({ ok }) => ok)).toEqual([{ ok: true, revision: 1 }])
    expect(await at.store.get('/a')).toMatchObject({ value: '0' })
  })

  test('a watcher has been told when the commit is acknowledged, and hears what was and what is', async () => {
    await using at = open()
    await at.store.commit([], [put('/a', '1')])
    const batches: ChangeBatch[] = []
    at.store.watch(1, (batch) => batches.push(batch))
    await at.store.commit([], [put('/a', '2'), put('/b', '1')])
    expect(batches).toMatchObject([
      {
        revision: 2,
        changes: [
          { key: '/a', previous: { value: '1' }, entry: { value: '2' } },
          { key: '/b', previous: undefined, entry: { value: '1' } },
        ],
      },
    ])
  })

  test('a watcher that begins late is given what it missed; one that stopped hears nothing more', async () => {
    await using at = open()
    for (const value of ['1', '2', '3']) await at.store.commit([], [put('/a', value)])
    const late: number[] = []
    const stop = at.store.watch(1, ({ revision }) => late.push(revision))
    await at.store.commit([], [put('/a', '4')])
    stop()
    await at.store.commit([], [put('/a', '5')])
    expect(late).toEqual([2, 3, 4])
  })

  test('a watcher that throws, or that writes, disturbs nobody', async () => {
    await using at = open()
    const seen: number[] = []
    at.store.watch(0, () => {
      throw new Error('broken')
    })
    at.store.watch(0, ({ revision }) => {
      seen.push(revision)
      if (revision === 1) void at.store.commit([], [put('/echo', 'x')])
    })
    await at.store.commit([], [put('/a', '1')])
    await settle()
    expect(seen).toEqual([1, 2])
    expect(at.listenerErrors).toEqual([new Error('broken'), new Error('broken')])
  })

  test('keys of a lease go in one commit when it is not renewed', async () => {
    await using at = open()
    await at.store.grantLease('w', TTL)
    await at.store.commit([], [put('/w/1', 'x', 'w'), put('/w/2', 'x', 'w'), put('/other', 'x')])
    const batches: ChangeBatch[] = []
    at.store.watch(1, (batch) => batches.push(batch))
    await advance(at, TTL - 1)
    expect(await keys(at.store)).toHaveLength(3)
    await advance(at, 1_001)
    expect(batches.map(({ changes }) => changes.map(({ key, entry }) => [key, entry]))).toEqual([
      [
        ['/w/1', undefined],
        ['/w/2', undefined],
      ],
    ])
    expect([await keys(at.store), await at.store.keepAlive('w')]).toEqual([['/other'], false])
  })

  test('renewals keep a lease and bump no revision', async () => {
    await using at = open()
    await at.store.grantLease('w', TTL)
    await at.store.commit([], [put('/w', 'x', 'w')])
    for (let i = 0; i < 10; i++) {
      await advance(at, TTL / 3)
      expect(await (i % 2 === 0 ? at.store.keepAlive('w') : at.store.grantLease('w', TTL))).not.toBe(false)
    }
    expect([await keys(at.store), await at.store.revision()]).toEqual([['/w'], 1])
  })

  test('a server that stood still drops nobody before they could be heard again', async () => {
    await using at = open()
    await at.store.grantLease('w', TTL)
    await at.store.commit([], [put('/w', 'x', 'w')])
    const clock = at.time.clock as { now(): number }
    const now = clock.now
    clock.now = () => now() + 60_000
    await advance(at, 2_000)
    expect(await keys(at.store)).toEqual(['/w'])
    await advance(at, TTL)
    expect(await keys(at.store)).toEqual([])
  })

  test('a revoked lease takes its keys along, and can be granted again', async () => {
    await using at = open()
    await at.store.grantLease('w', TTL)
    await at.store.commit([], [put('/w', 'x', 'w')])
    await Promise.all([
      at.store.revokeLease('w'),
      at.store.grantLease('w', TTL),
      at.store.commit([], [put('/w2', 'x', 'w')]),
    ])
    expect([await keys(at.store), await at.store.keepAlive('w')]).toEqual([['/w2'], true])
    await at.store.revokeLease('unknown')
  })

  test('a key put without its lease lives on when that ends; one put under another goes with that', async () => {
    await using at = open()
    await Promise.all([at.store.grantLease('a', TTL), at.store.grantLease('b', TTL)])
    await at.store.commit([], [put('/x', '1', 'a'), put('/y', '1', 'a')])
    expect(await at.store.commit([], [put('/x', '1'), put('/y', '1', 'b')])).toEqual({ ok: true, revision: 2 })
    await at.store.revokeLease('a')
    expect(await keys(at.store)).toEqual(['/x', '/y'])
    await at.store.revokeLease('b')
    expect(await keys(at.store)).toEqual(['/x'])
  })

  test('refuses a lease that does not exist, and what is written with it', async () => {
    await using at = open()
    const refused = at.store.commit([], [put('/a', '1'), put('/w', 'x', 'nobody')])
    await expect(refused).rejects.toMatchObject({ code: 'WEFT_STORE_LEASE_UNKNOWN' })
    expect([await keys(at.store), await at.store.keepAlive('nobody')]).toEqual([[], false])
  })

  test('acknowledges what was asked before close, refuses what comes after', async () => {
    await using at = open()
    const last = at.store.commit([], [put('/a', '1')])
    await at.store.close()
    expect(await last).toEqual({ ok: true, revision: 1 })
    await expect(at.store.commit([], [put('/b', '1')])).rejects.toMatchObject({ code: 'WEFT_STORE_CLOSED' })
    await expect(at.store.get('/a')).rejects.toMatchObject({ code: 'WEFT_STORE_CLOSED' })
    expect(at.time.pendingTimers).toBe(0)
  })

  test('a watch from before what is remembered is refused, not given with a gap', async () => {
    await using at = open()
    const writes = Array.from({ length: 1_100 }, (_, i) => at.store.commit([], [put('/a', String(i))]))
    await Promise.all(writes)
    expect(() => at.store.watch(5, () => undefined)).toThrow(
      expect.objectContaining({ code: 'WEFT_STORE_COMPACTED' }) as Error,
    )
    const seen: number[] = []
    at.store.watch(1_000, ({ revision }) => seen.push(revision))
    expect(seen).toHaveLength(100)
  })

  test('of large values fewer changes are remembered, the newest always', async () => {
    await using at = open()
    for (let i = 0; i < 12; i++) await at.store.commit([], [put('/a', `${i}${'x'.repeat(1_000_000)}`)])
    expect(() => at.store.watch(1, () => undefined)).toThrow(/list again/)
    const huge = await at.store.commit([], [put('/a', 'x'.repeat(10_000_000))])
    const seen: number[] = []
    at.store.watch(12, ({ revision }) => seen.push(revision))
    expect([huge.ok, seen]).toEqual([true, [13]])
  })
})

/*
 * Whatever is asked, in whatever groups, a store answers as this plain table does, and replaying its watch gives the
 * same table.
 */
class Oracle {
  revision = 0
  readonly table = new Map<string, { value: string; createRevision: number; modRevision: number; leaseId?: string }>()
  readonly leases = new Set<string>()

  commit(compares: readonly { key: string; modRevision: number }[], operations: readonly Operation[]): unknown {
    if (operations.some((o) => o.type === 'put' && o.leaseId !== undefined && !this.leases.has(o.leaseId)))
      return 'error'
    const failed = compares.filter(({ key, modRevision }) => (this.table.get(key)?.modRevision ?? 0) !== modRevision)
    if (failed.length > 0) return { ok: false, conflicts: failed }
    const before = JSON.stringify([...this.table].sort())
    const draft = new Map(this.table)
    const touched = [...new Set(operations.map(({ key }) => key))]
    for (const key of touched) {
      const last = operations.findLast((operation) => operation.key === key) as Operation
      const old = this.table.get(key)
      if (last.type === 'delete') draft.delete(key)
      else if (old === undefined || old.value !== last.value || old.leaseId !== last.leaseId) {
        const lease = last.leaseId === undefined ? {} : { leaseId: last.leaseId }
        const createRevision = old?.createRevision ?? this.revision + 1
        draft.set(key, { value: last.value, createRevision, modRevision: this.revision + 1, ...lease })
      }
    }
    if (JSON.stringify([...draft].sort()) === before) return { ok: true, revision: this.revision }
    this.revision++
    this.table.clear()
    for (const [key, entry] of draft) this.table.set(key, entry)
    return { ok: true, revision: this.revision }
  }

  revoke(id: string): void {
    const keys = [...this.table].filter(([, entry]) => entry.leaseId === id).map(([key]) => key)
    this.commit(
      [],
      keys.map((key) => ({ type: 'delete', key })),
    )
    this.leases.delete(id)
  }
}

const key = fc.constantFrom('/a', '/a/b', '/b', '/c/1', '/c/2')
const lease = fc.constantFrom('l1', 'l2')
const operation = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, value: fc.constantFrom('1', '2') }),
  fc.record({ type: fc.constant('put' as const), key, value: fc.constantFrom('1', '2'), leaseId: lease }),
  fc.record({ type: fc.constant('delete' as const), key }),
)
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      compares: fc.array(fc.record({ key, modRevision: fc.nat({ max: 6 }) }), { maxLength: 1 }),
      operations: fc.array(operation, { maxLength: 4 }),
    }),
  },
  fc.record({ do: fc.constantFrom('grant' as const, 'revoke' as const), id: lease }),
)

describe.each(Object.entries(STORES))('any history in %s', (name, open) => {
  test('is that of a plain table', { timeout: 60_000 }, async () => {
    const groups = fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
    const numRuns = name === 'memory' ? 300 : 60
    await fc.assert(
      fc.asyncProperty(groups, async (history) => {
        await using at = open()
        const oracle = new Oracle()
        const replayed = new Map<string, string>()
        at.store.watch(0, ({ changes }) => {
          for (const change of changes) {
            if (change.entry === undefined) replayed.delete(change.key)
            else replayed.set(change.key, change.entry.value)
          }
        })
        for (const group of history) {
          const expected: unknown[] = []
          const answers = group.map((step) => {
            if (step.do === 'commit') {
              expected.push(oracle.commit(step.compares, step.operations))
              return at.store.commit(step.compares, step.operations).catch(() => 'error')
            }
            expected.push(undefined)
            if (step.do === 'grant') oracle.leases.add(step.id)
            else oracle.revoke(step.id)
            return step.do === 'grant' ? at.store.grantLease(step.id, TTL) : at.store.revokeLease(step.id)
          })
          expect(await Promise.all(answers)).toEqual(expected)
        }
        const { revision, entries } = await at.store.list('')
        const table = [...oracle.table].sort(([a], [b]) => (a < b ? -1 : 1))
        expect(revision).toBe(oracle.revision)
        expect(entries).toEqual(table.map(([key, entry]) => ({ key, leaseId: undefined, ...entry })))
        expect([...replayed].sort()).toEqual(table.map(([key, { value }]) => [key, value]))
      }),
      { numRuns },
    )
  })
})
