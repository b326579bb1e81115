import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRegexCheck } from '../../../../packages/control-server/src/config/validate/regex.ts'
import { compileRegex } from '../../../../packages/mesh-client/src/kernel/regex.ts'

const count = fc.constantFrom('', '', '*', '+?', '{3}', '{2,}', '{0,20}', '{90}', '{1000}', '{10,700}')
const atom = fc.constantFrom('a', '.', '[a-z]', '[^/]', '\\d', '\\pL', '\\p{Greek}', '(?i:k)', '^', 'é')
const { regex } = fc.letrec<{ regex: string; term: string }>((tie) => ({
  regex: fc.oneof(
    fc.array(tie('term'), { minLength: 1, maxLength: 5 }).map((terms) => terms.join('')),
    fc.array(tie('term'), { minLength: 2, maxLength: 3 }).map((terms) => terms.join('|')),
  ),
  term: fc
    .tuple(
      fc.oneof(
        { maxDepth: 3 },
        atom,
        tie('regex').map((inner) => `(${inner})`),
      ),
      count,
    )
    .map((parts) => parts.join('')),
}))

test('a regex that the server takes, every client takes', () => {
  let taken = 0
  fc.assert(
    fc.property(regex, (pattern) => {
      if (createRegexCheck()(pattern) !== undefined) return
      taken++
      expect(compileRegex(pattern).ok).toBe(true)
    }),
    { numRuns: 500, examples: [['(a?){1000}'], ['(abc|de){600}'], ['.*'.repeat(500)], ['x'.repeat(1024)]] },
  )
  expect(taken).toBeGreaterThan(50)
})
