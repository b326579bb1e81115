import type { HashPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  compileRequestHash,
  type HashFacts,
  type RequestHash,
} from '../../../../packages/mesh-client/src/balancing/request-hash.ts'
import { combineHashes, type Hash64 } from '../../../../packages/mesh-client/src/kernel/hash64.ts'
import { seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'
import { TextHash } from '../../../../packages/mesh-client/src/kernel/text-hash.ts'

interface Request {
  readonly headers?: Readonly<Record<string, readonly string[]>>
  readonly query?: Readonly<Record<string, string>>
  readonly source?: string
}

function factsOf({ headers = {}, query = {}, source }: Request): HashFacts {
  return { headerValues: (name) => headers[name] ?? [], queryValue: (name) => query[name], sourceAddress: source }
}

function hashed(policies: readonly HashPolicy[], request: Request, seed = 1): RequestHash {
  return compileRequestHash(policies, seededRandom(seed))(factsOf(request))
}

const text = new TextHash()
const of = (...values: string[]): Hash64 => text.ofAll(values)
const user: HashPolicy = { header: { headerName: 'X-User' } }
const tenant: HashPolicy = { queryParameter: { name: 'tenant' } }
const source: HashPolicy = { connectionProperties: { sourceIp: true } }
const cookie: HashPolicy = { cookie: { name: 'session' } }

describe('what a request is hashed by', () => {
  const rows: readonly (readonly [string, readonly HashPolicy[], Request, Hash64 | undefined])[] = [
    ['a header, by its lower-case name', [user], { headers: { 'x-user': ['ann'] } }, of('ann')],
    ['an empty header', [user], { headers: { 'x-user': [''] } }, of('')],
    [
      'a repeated header, in the order of its values',
      [user],
      { headers: { 'x-user': ['foo', 'bar'] } },
      of('bar', 'foo'),
    ],
    ['no header', [user], {}, undefined],
    ['a query parameter', [tenant], { query: { tenant: 'a' } }, of('a')],
    ['an empty query parameter', [tenant], { query: { tenant: '' } }, of('')],
    ['no query parameter', [tenant], {}, undefined],
    ['the source address', [source], { source: '10.0.0.1' }, of('10.0.0.1')],
    ['no source address', [source], {}, undefined],
    ['an empty source address', [source], { source: '' }, undefined],
    ['a cookie', [cookie], { headers: { cookie: ['a=b; session=s1; c=d'] } }, of('s1')],
    ['a cookie in quotes', [cookie], { headers: { cookie: ['session="s1"'] } }, of('s1')],
    ['the first of two cookies', [cookie], { headers: { cookie: ['x; session=s1', 'session=s2'] } }, of('s1')],
    ['an empty cookie', [cookie], { headers: { cookie: ['session='] } }, undefined],
    ['a cookie of a longer name', [cookie], { headers: { cookie: ['xsession=1; sessions=2'] } }, undefined],
    [
      'two policies',
      [user, tenant],
      { headers: { 'x-user': ['ann'] }, query: { tenant: 'a' } },
      combineHashes(of('ann'), of('a')),
    ],
    ['one policy twice', [user, user], { headers: { 'x-user': ['ann'] } }, combineHashes(of('ann'), of('ann'))],
    ['a policy without a value, left out', [tenant, user], { headers: { 'x-user': ['ann'] } }, of('ann')],
    [
      'nothing after a terminal policy that has a hash',
      [{ ...user, terminal: true }, tenant],
      { headers: { 'x-user': ['ann'] }, query: { tenant: 'a' } },
      of('ann'),
    ],
    [
      'what comes after a terminal policy without one',
      [{ ...user, terminal: true }, tenant],
      { query: { tenant: 'a' } },
      of('a'),
    ],
    [
      'nothing after a terminal policy that only others gave a hash',
      [tenant, { ...user, terminal: true }, source],
      { query: { tenant: 'a' }, source: '10.0.0.1' },
      of('a'),
    ],
  ]

  test.each(rows)('%s', (_, policies, request, expected) => {
    expect(hashed(policies, request)).toEqual({ hash: expected, setCookies: [] })
  })
})

describe('a cookie with a time to live', () => {
  const lasting: HashPolicy = {
    cookie: {
      name: 'session',
      ttlMs: 3_600_000,
      path: '/app',
      attributes: [
        { name: 'SameSite', value: 'Lax' },
        { name: 'Secure', value: '' },
      ],
    },
  }

  test('is made where it is missing, and the request goes where it will go with it', () => {
    const { hash, setCookies } = hashed([lasting], {})
    expect(setCookies).toHaveLength(1)
    expect(setCookies[0]).toMatch(/^session="[0-9a-f]{16}"; Max-Age=3600; Path=\/app; SameSite=Lax; Secure; HttpOnly$/)
    const sentBack = setCookies[0]?.split(';')[0] as string
    expect(hashed([lasting], { headers: { cookie: [sentBack] } }).hash).toEqual(hash)
  })

  test('is another for each request that has none', () => {
    const hasher = compileRequestHash([lasting], seededRandom(1))
    const values = Array.from({ length: 20 }, () => hasher(factsOf({})).setCookies[0])
    expect(new Set(values).size).toBe(20)
  })

  test('is left as it is where it is there', () => {
    expect(hashed([lasting], { headers: { cookie: ['session=mine'] } })).toEqual({ hash: of('mine'), setCookies: [] })
  })

  test('of 0 is one for the session of a browser', () => {
    const { setCookies } = hashed([{ cookie: { name: 'session', ttlMs: 0 } }], {})
    expect(setCookies[0]).toMatch(/^session="[0-9a-f]{16}"; HttpOnly$/)
  })

  test('is not made behind a terminal policy', () => {
    const policies: HashPolicy[] = [{ ...user, terminal: true }, lasting]
    expect(hashed(policies, { headers: { 'x-user': ['ann'] } }).setCookies).toEqual([])
  })
})
