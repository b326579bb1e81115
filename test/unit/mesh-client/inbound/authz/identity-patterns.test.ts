import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import {
  identityPattern,
  serviceAccountTest,
} from '../../../../../packages/mesh-client/src/inbound/authz/identity-patterns.ts'
import { literalEnd } from '../../../../../packages/mesh-client/src/kernel/regex-prefix.ts'

const ACCOUNT = String.raw`spiffe://.+/ns/my\.ns/(.+/|)sa/a-b(/.+)?`

describe('regexes of identities', () => {
  test.each([
    [ACCOUNT, { namespace: 'my.ns', serviceAccount: 'a-b' }],
    ['.*/ns/x/.*', { namespace: 'x', serviceAccount: undefined }],
    ['.*/ns/x.*/.*', undefined],
    ['.*/ns/(x|y)/.*', undefined],
    ['.*/ns/x/.*y', undefined],
    ['spiffe://.+/ns/x/sa/a(/.+)?', undefined],
  ])('%s', (regex, expected) => {
    expect(identityPattern(regex)).toEqual(expected)
  })

  test('a service account is found where its regex finds it', () => {
    const program = RE2JS.compile(ACCOUNT)
    const plain = serviceAccountTest('my.ns', 'a-b')
    const piece = fc.constantFrom(
      'spiffe://',
      'td',
      '/',
      '/ns/',
      'my.ns',
      'myxns',
      '/sa/',
      'sa/',
      'a-b',
      '/x',
      '\n',
      'a-bc',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), fc.boolean(), (pieces, whole) => {
        const uri = whole ? `spiffe://td/ns/my.ns/${pieces.join('')}` : pieces.join('')
        expect(plain(uri)).toBe(program.testExact(uri))
      }),
      { numRuns: 3_000 },
    )
  })
})

test.each([
  ['spiffe://.*/sa/b', '/sa/b'],
  [String.raw`.*\.b\.com`, '.b.com'],
  ['.*', ''],
  ['a.+b.*cd', 'cd'],
  [String.raw`a\.*b`, ''],
  [String.raw`a\\.*b`, 'b'],
  ['.*a+', ''],
  ['.*(a)', ''],
  ['a.*|b', ''],
  ['abc', ''],
  ['.*a?', ''],
  ['.*?b', ''],
])('everything that %s matches ends with "%s"', (pattern, expected) => {
  expect(literalEnd(pattern)).toBe(expected)
})
