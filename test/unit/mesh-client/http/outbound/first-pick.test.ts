import type { HashPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileRequestHash } from '../../../../../packages/mesh-client/src/balancing/request-hash.ts'
import { hashedPick } from '../../../../../packages/mesh-client/src/http/outbound/first-pick.ts'
import { editHead } from '../../../../../packages/mesh-client/src/http/outbound/response-headers.ts'
import { seededRandom } from '../../../../../packages/mesh-client/src/kernel/random.ts'
import { TextHash } from '../../../../../packages/mesh-client/src/kernel/text-hash.ts'

const text = new TextHash()

const REQUEST = {
  method: 'GET',
  scheme: 'http',
  path: '/a?user=ann&user=bob#user=eve',
  headers: ['host', 'reviews:9080', 'x-peer', 'p', 'x-user', 'foo', 'cookie', 'a=1', 'x-user', 'bar', 'cookie', 's=2'],
}

describe('a request as it leaves is hashed by', () => {
  test.each<[string, HashPolicy, readonly string[]]>([
    ['every line of a header', { header: { headerName: 'x-user' } }, ['bar', 'foo']],
    ['its host', { header: { headerName: 'Host' } }, ['reviews:9080']],
    ['its authority', { header: { headerName: ':authority' } }, ['reviews:9080']],
    ['its path with the query', { header: { headerName: ':path' } }, [REQUEST.path]],
    ['its method', { header: { headerName: ':method' } }, ['GET']],
    ['the first value of a query parameter', { queryParameter: { name: 'user' } }, ['ann']],
    ['a cookie of the second line', { cookie: { name: 's' } }, ['2']],
    ['where it comes from', { connectionProperties: { sourceIp: true } }, ['10.1.2.3']],
  ])('%s', (_, policy, values) => {
    const { context, setCookies } = hashedPick(compileRequestHash([policy], seededRandom(1)), REQUEST, () => '10.1.2.3')
    expect(context).toEqual({ tried: [], avoidTried: false, hash: text.ofAll(values) })
    expect(setCookies).toBeUndefined()
  })

  test('nothing, where the key is not there', () => {
    const hasher = compileRequestHash([{ header: { headerName: 'x-other' } }], seededRandom(1))
    expect(hashedPick(hasher, REQUEST, () => '').context.hash).toBeUndefined()
  })
})

test('a cookie that was made stands beside those of the response', () => {
  const policy: HashPolicy = { cookie: { name: 'mine', ttlMs: 5_000 } }
  const { setCookies } = hashedPick(compileRequestHash([policy], seededRandom(1)), REQUEST, () => '')
  const raw = ['Set-Cookie', 'theirs=1', 'X-Weft-Error', 'x'].map((part) => Buffer.from(part))
  const { headers } = editHead(raw, undefined, setCookies)
  expect(headers['set-cookie']).toEqual([
    'theirs=1',
    expect.stringMatching(/^mine="[0-9a-f]{16}"; Max-Age=5; HttpOnly$/),
  ])
  expect(Object.keys(headers)).toEqual(['set-cookie'])
})
