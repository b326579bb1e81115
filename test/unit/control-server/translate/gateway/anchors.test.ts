import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutAnchors } from '../../../../../packages/control-server/src/translate/gateway/anchors.ts'

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
  ['', ''],
])('%s is %s', (pattern, expected) => {
  expect(withoutAnchors(pattern)).toBe(expected)
})

const pattern = fc
  .array(fc.constantFrom('^', '$', '|', '(', ')', '[ab]', '[^$]', '\\$', '\\^', 'a', 'b', '.', '?', '(?:'), {
    maxLength: 8,
  })
  .map((pieces) => pieces.join(''))
  .filter((text) => {
    try {
      return new RegExp(`^(?:${text})$`) !== undefined
    } catch {
      return false
    }
  })

test('the whole of a text is taken as before, unless an anchor stood where it never holds', () => {
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '$', '^'), maxLength: 4 }), (given, text) => {
      const whole = (source: string): boolean => new RegExp(`^(?:${source})$`).test(text)
      // What an anchor kept from matching may match without it; nothing that matched is lost.
      if (whole(given)) expect(whole(withoutAnchors(given))).toBe(true)
      if (!/[\^$]/.test(withoutAnchors(given).replaceAll(/\\.|\[\^\$\]/g, '')) && !given.includes('(')) {
        expect(whole(withoutAnchors(given))).toBe(whole(given))
      }
    }),
    { numRuns: 500 },
  )
})
