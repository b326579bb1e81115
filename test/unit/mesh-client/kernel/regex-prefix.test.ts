import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRegex } from '../../../../packages/mesh-client/src/kernel/regex.ts'
import { literalPrefix } from '../../../../packages/mesh-client/src/kernel/regex-prefix.ts'

test.each([
  ['/teams/7/[a-z]+', '/teams/7/'],
  ['^/v1\\.0/.*', '/v1.0/'],
  ['/ab?c', '/a'],
  ['/ab+c', '/a'],
  ['/a{2}', '/'],
  ['/a\\d', '/a'],
  ['/a|/b', ''],
  ['(?i)/a', ''],
  ['.*', ''],
  ['/all', '/all'],
  ['/a\u{1f600}*', '/a'],
  ['/a\u{1f600}b', '/a\u{1f600}b'],
])('%s begins with %j', (pattern, prefix) => {
  expect(literalPrefix(pattern)).toBe(prefix)
})

test('whatever a regex matches begins with its prefix', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '/',
    '\\.',
    '.',
    'a*',
    'b?',
    'a+',
    '[ab]',
    '(a)',
    'a{0,2}',
    '^',
    '$',
    '|',
    '(?i)',
  )
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', '.'), maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 5 }),
      fc.array(text, { minLength: 20, maxLength: 20 }),
      (pieces, texts) => {
        const pattern = pieces.join('')
        const compiled = compileRegex(pattern)
        fc.pre(compiled.ok)
        const prefix = literalPrefix(pattern)
        for (const each of texts) if (compiled.ok && compiled.value(each)) expect(each.startsWith(prefix)).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
