import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRegexRewrite } from '../../../../packages/mesh-client/src/kernel/regex-rewrite.ts'

function rewrite(pattern: string, substitution: string, value: string): string {
  const compiled = compileRegexRewrite(pattern, substitution)
  if (!compiled.ok) throw new Error(compiled.error.message)
  return compiled.value(value)
}

describe('a rewrite by regex', () => {
  test.each([
    ['every match', 'b', 'x', 'abcb', 'axcx'],
    ['no match', 'z', 'x', 'abc', 'abc'],
    ['groups', '^/service/([^/]+)(/.*)$', '\\2/instance/\\1', '/service/foo/v1/api', '/v1/api/instance/foo'],
    ['the whole match', 'one', '[\\0]', '/xxx/one/yyy/one', '/xxx/[one]/yyy/[one]'],
    ['an escaped backslash', 'a', '\\\\', 'aba', '\\b\\'],
    ['a group that took no part', '(a)|(b)', '<\\2>', 'ab', '<><b>'],
    ['case by flag', '(?i)/xxx/', '/yyy/', '/aaa/XxX/bbb', '/aaa/yyy/bbb'],
    ['an empty match', '', '-', 'ab', '-a-b-'],
    ['an empty match after another does not count', 'a*', '-', 'baac', '-b-c-'],
    ['an anchor holds only at the start', '^a', 'x', 'aab', 'xab'],
    ['of two alternatives the first', 'a|ab', 'x', 'ab', 'xb'],
  ])('%s', (_, pattern, substitution, value, expected) => {
    expect(rewrite(pattern, substitution, value)).toBe(expected)
  })

  test.each([
    ['(', 'x', 'pattern'],
    ['(?=a)', 'x', 'pattern'],
    ['(a)', '\\2', 'substitution'],
    ['(a)', '\\x', 'substitution'],
    ['(a)', 'end\\', 'substitution'],
  ])('%s to %s is wrong in its %s', (pattern, substitution, part) => {
    expect(compileRegexRewrite(pattern, substitution)).toMatchObject({ ok: false, error: { part } })
  })

  test('a value that would take too long stays as it is', () => {
    const long = `${'a'.repeat(20_000)}!`
    expect(rewrite('a.*b|a', 'x', long)).toBe(long)
  })

  test('what literals are replaced with is what replaceAll makes of them', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-') })
    const literal = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(text, literal, (value, pattern) => {
        expect(rewrite(pattern, '<\\0>', value)).toBe(value.replaceAll(pattern, `<${pattern}>`))
      }),
    )
  })
})
