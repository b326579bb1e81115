import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { regexPart } from '../../../../packages/control-server/src/config/spec/gateway/regex-part.ts'

test.each([
  ['a', 'a'],
  ['^a$', 'a'],
  ['^a|b$', 'a|b'],
  ['^a$|^b$', 'a|b'],
  ['^(^a$|b$)$', '(a|b)'],
  ['(?:^a)(?P<n>^b)', '(?:a)(?P<n>b)'],
  ['(?i)^a$', '(?i)a'],
  ['a^b$c', 'a^b$c'],
  ['\\^a\\$', '\\^a\\$'],
  ['^[^$]$', '[^$]'],
  ['[]^$|]$', '[]^$|]'],
  ['[[:^alpha:]$]|$', '[[:^alpha:]$]|'],
  ['\\Q^a|$\\E$', '\\Q^a|$\\E'],
  ['\\Qa$', '\\Qa$\\E'],
  ['\\\\Qa$', '\\\\Qa'],
  ['', ''],
])('%s is %s', (pattern, expected) => {
  expect(regexPart(pattern)).toBe(`(?:${expected})`)
})

const { alternatives } = fc.letrec<{ atom: string; sequence: string; alternatives: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^$]', '[]^]', '\\$', '\\^', 'a?', 'b*', '\\|'),
    tie('alternatives').map((inner) => `(${inner})`),
    tie('alternatives').map((inner) => `(?:${inner})`),
  ),
  sequence: fc.array(tie('atom'), { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join('')),
  alternatives: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((all) => all.join('|')),
}))

/** Alternatives, of which some say that they are about the whole. */
const pattern = fc
  .array(fc.record({ begin: fc.boolean(), inner: alternatives, end: fc.boolean() }), { minLength: 1, maxLength: 3 })
  .map((all) => all.map(({ begin, inner, end }) => `${begin ? '^' : ''}(?:${inner})${end ? '$' : ''}`).join('|'))

test('in the middle of a longer pattern it takes what it takes alone', () => {
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '$', '^', '|'), maxLength: 4 }), (given, text) => {
      const alone = RE2JS.compile(given).testExact(text)
      expect(RE2JS.compile(`/${regexPart(given)}/x`).testExact(`/${text}/x`)).toBe(alone)
    }),
    { numRuns: 500 },
  )
})
