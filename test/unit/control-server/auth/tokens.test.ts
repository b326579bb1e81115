import { parseCredential } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { WorkloadCaller } from '../../../../packages/control-server/src/auth/caller.ts'
import { TokenAdmission } from '../../../../packages/control-server/src/auth/token-admission.ts'
import { tokenState } from '../../../../packages/control-server/src/auth/token-record.ts'
import { Tokens, tokenView } from '../../../../packages/control-server/src/auth/tokens.ts'
import { tokenUseKey } from '../../../../packages/control-server/src/store/keys.ts'
import { STORES, type StoreUnderTest } from '../../../support/control-stores.ts'

const spec = { namespace: 'default', serviceAccount: 'reviews' }
const FINGERPRINT = 'ab'.repeat(32)
const DAY = 24 * 3_600_000

function follow({ store, time }: StoreUnderTest): Promise<Tokens> {
  return Tokens.follow({
    store,
    wallNow: () => time.clock.wallNow(),
    caFingerprint: async () => FINGERPRINT,
    audit: () => [],
  })
}

describe.each(Object.entries(STORES))('tokens in %s', (_, open) => {
  test('are known by their secret, which is kept nowhere', async () => {
    await using under = open()
    const tokens = await follow(under)
    const { record, token } = await tokens.create(spec, 'somebody')
    const parts = parseCredential(token)
    if (parts === undefined) throw new Error('no credential')
    expect(parts).toMatchObject({ kind: 'join', id: record.id, caFingerprint: FINGERPRINT })
    expect(tokens.verify(parts)).toMatchObject({ ...spec, createdBy: 'somebody', used: 0 })
    const { entries } = await under.store.list('')
    expect(JSON.stringify(entries)).not.toContain(parts.secret)
    expect(JSON.stringify(tokenView(record))).not.toContain(record.secretHash)
  })

  test('are not known by anything else', async () => {
    await using under = open()
    const tokens = await follow(under)
    const { token } = await tokens.create(spec, 'somebody')
    const parts = parseCredential(token)
    if (parts === undefined) throw new Error('no credential')
    const other = parseCredential((await tokens.create(spec, 'somebody')).token)
    expect(tokens.verify({ ...parts, secret: parts.secret.slice(0, -1) })).toBeUndefined()
    expect(tokens.verify({ ...parts, secret: other?.secret ?? '' })).toBeUndefined()
    expect(tokens.verify({ ...parts, id: other?.id ?? '' })).toBeUndefined()
    expect(tokens.verify({ ...parts, id: '0000000000000000' })).toBeUndefined()
    // A join token that is presented as one for the API.
    expect(tokens.verify({ ...parts, kind: 'api' })).toBeUndefined()
  })

  test('are there after a start as they were', async () => {
    await using under = open()
    const { token, record } = await (await follow(under)).create(spec, 'somebody')
    const again = await follow(under)
    expect(again.list()).toEqual([record])
    expect(again.verify(parseCredential(token) as NonNullable<ReturnType<typeof parseCredential>>)).toEqual(record)
  })

  test('let exactly so many workload ids join, also when all come at once', async () => {
    await using under = open()
    const tokens = await follow(under)
    const { record } = await tokens.create({ ...spec, uses: 5 }, 'somebody')
    const joined = await Promise.all(
      Array.from({ length: 20 }, (_, index) => tokens.join(record.id, `workload-${index}`)),
    )
    expect(joined.filter(Boolean)).toHaveLength(5)
    expect(tokens.get(record.id)).toMatchObject({ used: 5 })
    expect(tokenState(tokens.get(record.id) ?? record, under.time.clock.wallNow())).toBe('used up')
    // Who has joined may do so again, and that counts once.
    const winner = `workload-${joined.indexOf(true)}`
    expect(await tokens.join(record.id, winner)).toBe(true)
    expect(await tokens.join(record.id, 'late')).toBe(false)
    expect(tokens.get(record.id)).toMatchObject({ used: 5 })
  })

  test('that have expired go on for who has joined, and end for all when they are revoked', async () => {
    await using under = open()
    const tokens = await follow(under)
    const revoked: string[] = []
    tokens.onRevoked((id) => revoked.push(id))
    const { record } = await tokens.create({ ...spec, ttlMs: 60_000 }, 'somebody')
    expect(await tokens.join(record.id, 'early')).toBe(true)
    await under.time.advance(60_000)
    expect(await tokens.join(record.id, 'early')).toBe(true)
    expect(await tokens.join(record.id, 'late')).toBe(false)
    expect(await tokens.revoke(record.id, 'somebody')).toMatchObject({ revokedAtMs: under.time.clock.wallNow() })
    expect(await tokens.join(record.id, 'early')).toBe(false)
    expect(await tokens.hasJoined(record.id, 'early')).toBe(false)
    expect(revoked).toEqual([record.id])
    expect(await tokens.revoke('nobody', 'somebody')).toBeUndefined()
  })

  test('that were used very often are revoked at once, and their uses are forgotten in steps', async () => {
    await using under = open()
    const tokens = await follow(under)
    const { record } = await tokens.create(spec, 'somebody')
    const keys = Array.from({ length: 1_200 }, (_, index) => tokenUseKey(record.id, `workload-${index}`))
    await under.store.commit(
      [],
      keys.map((key) => ({ type: 'put', key, value: '{}' })),
    )
    const sizes: number[] = []
    const unwatch = under.store.watch(await under.store.revision(), ({ changes }) => void sizes.push(changes.length))
    await tokens.revoke(record.id, 'somebody')
    unwatch()
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
    expect((await under.store.list(tokenUseKey(record.id))).entries).toEqual([])
  })

  test('are forgotten a month after they were revoked or expired unused, and not while somebody renews by them', async () => {
    await using under = open()
    const tokens = await follow(under)
    const used = await tokens.create(spec, 'somebody')
    const unused = await tokens.create(spec, 'somebody')
    const revoked = await tokens.create(spec, 'somebody')
    const forever = await tokens.create({ role: 'admin' }, 'server', { expires: false })
    await tokens.join(used.record.id, 'workload')
    await tokens.join(revoked.record.id, 'workload')
    await tokens.revoke(revoked.record.id, 'somebody')
    await under.time.advance(31 * DAY)
    const fresh = await tokens.create(spec, 'somebody')
    const left = new Set(tokens.list().map(({ id }) => id))
    expect(left).toEqual(new Set([used, forever, fresh].map(({ record }) => record.id)))
    expect(left.has(unused.record.id)).toBe(false)
  })
})

describe('admission', () => {
  const callerOf = (tokenId: string, spent?: string): WorkloadCaller => ({
    kind: 'workload',
    name: `token/${tokenId}`,
    via: 'token',
    tokenId,
    ...spec,
    ...(spent === undefined ? {} : { spent }),
  })

  test('counts each workload id once and refuses when the token is used up', async () => {
    await using under = STORES.memory?.() as StoreUnderTest
    const tokens = await follow(under)
    const admission = new TokenAdmission(tokens)
    const { record } = await tokens.create({ ...spec, uses: 1 }, 'somebody')
    const caller = callerOf(record.id)
    expect(await admission.admit(caller, 'first')).toBeUndefined()
    expect(await admission.admit(caller, 'first')).toBeUndefined()
    expect(await admission.admit(caller, 'second')).toMatchObject({
      code: 401,
      message: expect.stringContaining('used up'),
    })
    expect(await admission.mayAct(callerOf(record.id, 'used up'), 'first')).toBeUndefined()
    // A further registration of the same process.
    expect(await admission.mayAct(callerOf(record.id, 'used up'), 'first-1')).toBeUndefined()
    expect(await admission.mayAct(callerOf(record.id, 'used up'), 'second')).toMatchObject({ code: 401 })
  })

  test('counts who comes without a certificate all the same', async () => {
    await using under = STORES.memory?.() as StoreUnderTest
    const tokens = await follow(under)
    const admission = new TokenAdmission(tokens)
    const { record } = await tokens.create({ ...spec, uses: 1 }, 'somebody')
    expect(await admission.mayAct(callerOf(record.id), 'first')).toBeUndefined()
    expect(await admission.mayAct(callerOf(record.id), 'second')).toMatchObject({ code: 401 })
    expect(await admission.admit(callerOf(record.id), 'first')).toBeUndefined()
  })

  test('asks nothing of who has joined without a token', async () => {
    await using under = STORES.memory?.() as StoreUnderTest
    const admission = new TokenAdmission(await follow(under))
    const { tokenId: _, ...caller } = callerOf('none')
    expect(await admission.admit({ ...caller, via: 'kubernetes' }, 'any')).toBeUndefined()
  })
})
