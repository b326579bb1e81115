import { MAX_REGEX_LENGTH, MAX_REGEX_PROGRAM } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { compilePlainRegex } from '../../../../packages/mesh-client/src/kernel/plain-regex.ts'
import { compileRegex } from '../../../../packages/mesh-client/src/kernel/regex.ts'
import { estimateRegexSize } from '../../../../packages/mesh-client/src/kernel/regex-size.ts'

function matches(pattern: string, value: string): boolean {
  const compiled = compileRegex(pattern)
  if (!compiled.ok) throw new Error(compiled.error)
  return compiled.value(value)
}

describe('a regex matches the whole string', () => {
  test.each([
    ['/api', '/api', true],
    ['/api', '/api/v1', false],
    ['/api.*', '/api', true],
    ['/api.*', '/v2/api', false],
    ['/api.+', '/api', false],
    ['^/api/v\\d+$', '/api/v12', true],
    ['/api/v\\d+', '/api/v12/users', false],
    ['a|ab', 'ab', true],
    ['.*Chrome.*', 'Mozilla Chrome/1', true],
    ['.*\\.json', '/a.json', true],
    ['.*\\.json', '/a_json', false],
    ['/v1\\.0/.*', '/v1.0/users', true],
    ['/v1\\.0/.*', '/v1x0/users', false],
    ['a.*b', 'ab', true],
    ['a.*ba', 'aba', true],
    ['aba.*aba', 'ababa', false],
    ['(?i)jason', 'JaSoN', true],
    ['[0-9a-f]{8}', 'deadbeef', true],
    ['[0-9a-f]{8}', 'deadbeef0', false],
    ['\\Q.*\\E', '.*', true],
    ['', '', true],
    ['', 'a', false],
    ['.', '😀', true],
    ['.*', 'two\nlines', false],
    ['(?s).*', 'two\nlines', true],
    ['price\\$', 'price$', true],
  ])('%j against %j: %j', (pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected)
  })
})

describe('a regex that cannot be used is refused with the reason', () => {
  test.each([
    ['(?=a)b', /RE2 syntax/],
    ['(?<!a)b', /RE2 syntax/],
    ['(a)\\1', /RE2 syntax.*\\1/],
    ['a(b', /RE2 syntax.*missing closing/],
    ['*', /RE2 syntax/],
    ['[a', /RE2 syntax/],
    ['a{1001}', /RE2 syntax.*repeat count/],
    ['a'.repeat(MAX_REGEX_LENGTH + 1), /at most 1024 characters/],
    ['(.{0,1000})'.repeat(90), /repeats too much/],
    [`(${'[ab]'.repeat(200)}){1000}`, /repeats too much/],
    ['(\\pL{0,999}){0,1}\\pL{0,900}', /repeats too much/],
  ])('case %#', (pattern, reason) => {
    const compiled = compileRegex(pattern)
    expect(compiled.ok).toBe(false)
    if (!compiled.ok) expect(compiled.error).toMatch(reason)
  })

  test('the longest that is allowed is taken', () => {
    expect(matches(`${'a'.repeat(MAX_REGEX_LENGTH - 2)}.*`, 'a'.repeat(MAX_REGEX_LENGTH))).toBe(true)
  })
})

describe('no regex hangs the process', () => {
  const letters = (count: number): string =>
    Array.from({ length: count }, (_, index) => ((index * 7919) % 13 < 6 ? 'a' : 'b')).join('')

  test.each([
    ['(a+)+c'],
    ['(a|aa|b)+c'],
    ['(.*)*(.*)*(.*)*c'],
    ['([ab]*a){10}c'],
    ['(a?){200}a{200}c'],
    ['.*a.{900}c'],
    ['(x{0,100}){0,10}y'],
    [`${'('.repeat(400)}a${')'.repeat(400)}`],
    ['(?:.{0,300}a.{0,300}b){0,1}c'],
  ])('case %#', (pattern) => {
    const start = performance.now()
    const compiled = compileRegex(pattern)
    if (compiled.ok) expect(compiled.value(letters(8_000))).toBe(false)
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test('a value so long that a large regex would take seconds does not match', () => {
    const compiled = compileRegex('[ab]{1000}.*c?')
    expect(compiled.ok && compiled.value('a'.repeat(1_000))).toBe(true)
    expect(compiled.ok && compiled.value('a'.repeat(1_000_000))).toBe(false)
  })
})

describe('properties', () => {
  const piece = fc.constantFrom('a', 'b', '/', '.', '.*', '.+', '\\.', '\\*', '^', '$', '?', '{', '}', '-', '\n', '\\d')
  const pattern = fc.array(piece, { maxLength: 7 }).map((parts) => parts.join(''))
  const value = fc.array(fc.constantFrom('a', 'b', '/', '.', '*', '\n', '-'), { maxLength: 7 }).map((p) => p.join(''))

  test('what needs no engine agrees with RE2', () => {
    let plain = 0
    fc.assert(
      fc.property(pattern, fc.array(value, { minLength: 1, maxLength: 12 }), (source, values) => {
        const fast = compilePlainRegex(source)
        if (fast === undefined) return
        plain++
        const re2 = RE2JS.compile(source)
        for (const text of values) expect([source, text, fast(text)]).toEqual([source, text, re2.testExact(text)])
      }),
      { numRuns: 3_000 },
    )
    expect(plain).toBeGreaterThan(500)
  })

  const atom = fc.constantFrom('a', '.', '[a-z]', '[^]]', '[[:alpha:]x]', '\\d', '\\pL', '\\x{1F600}', '\\{')
  const counted = fc.constantFrom('', '', '*', '?', '{3}', '{2,5}', '{0,20}', '{4,}')
  const { regex } = fc.letrec<{ regex: string; term: string }>((tie) => ({
    regex: fc.array(tie('term'), { minLength: 1, maxLength: 4 }).map((terms) => terms.join('')),
    term: fc
      .tuple(
        fc.oneof(
          { maxDepth: 3 },
          atom,
          tie('regex').map((inner) => `(${inner})`),
        ),
        counted,
      )
      .map((t) => t.join('')),
  }))

  test('the estimate of the size holds both ways, within the slack', () => {
    fc.assert(
      fc.property(regex, (source) => {
        let size: number
        try {
          size = RE2JS.compile(source).programSize()
        } catch {
          return
        }
        const estimate = estimateRegexSize(source)
        expect(estimate).toBeLessThanOrEqual(8 * size)
        expect(size).toBeLessThanOrEqual(8 * estimate + 8)
      }),
      { numRuns: 1_000 },
    )
    expect(MAX_REGEX_PROGRAM).toBeGreaterThan(1_000)
  })
})
