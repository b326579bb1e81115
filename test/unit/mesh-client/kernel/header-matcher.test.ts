import type { HeaderMatcher } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileHeaderMatcher } from '../../../../packages/mesh-client/src/kernel/header-matcher.ts'

describe('what Istio writes', () => {
  const without: HeaderMatcher = {
    name: 'x',
    stringMatch: { regex: '.*' },
    invertMatch: true,
    treatMissingHeaderAsEmpty: true,
  }

  test.each<[string, HeaderMatcher, string | undefined, boolean]>([
    ['withoutHeaders with `.*` never passes', without, undefined, false],
    ['withoutHeaders with `.*` never passes', without, 'v', false],
    ['withoutHeaders passes a missing header', { ...without, stringMatch: { exact: 'a' } }, undefined, true],
    ['withoutHeaders refuses the value', { ...without, stringMatch: { exact: 'a' } }, 'a', false],
    ['presence takes an empty value', { name: 'x' }, '', true],
    ['absence', { name: 'x', invertMatch: true }, undefined, true],
  ])('%s (%#)', (_, matcher, value, expected) => {
    const compiled = compileHeaderMatcher(matcher)
    expect(compiled.ok && compiled.value(value)).toBe(expected)
  })
})

describe('a header', () => {
  const exact: HeaderMatcher = { name: 'x', stringMatch: { exact: 'a' } }
  const prefix: HeaderMatcher = { name: 'x', stringMatch: { prefix: 'a' } }
  const regex: HeaderMatcher = { name: 'x', stringMatch: { regex: 'a|b+' } }
  const inverted = { invertMatch: true }
  const asEmpty = { treatMissingHeaderAsEmpty: true }

  /** By value: missing, empty, `a`, `ab`, `b`, `A`. */
  test.each<[string, HeaderMatcher, string]>([
    ['is there', { name: 'x' }, '-+++++'],
    ['is there, inverted', { name: 'x', ...inverted }, '+-----'],
    ['is there, where missing is empty', { name: 'x', ...asEmpty }, '++++++'],
    ['is there, inverted, where missing is empty', { name: 'x', ...inverted, ...asEmpty }, '------'],
    ['is a text', exact, '--+---'],
    ['is not a text', { ...exact, ...inverted }, '-+-+++'],
    ['is not a text, where missing is empty', { ...exact, ...inverted, ...asEmpty }, '++-+++'],
    ['is the empty text', { name: 'x', stringMatch: { exact: '' } }, '-+----'],
    ['is the empty text, where missing is empty', { name: 'x', stringMatch: { exact: '' }, ...asEmpty }, '++----'],
    ['begins so', prefix, '--++--'],
    ['does not begin so', { ...prefix, ...inverted }, '-+--++'],
    ['begins with nothing', { name: 'x', stringMatch: { prefix: '' } }, '-+++++'],
    ['is all of a pattern', regex, '--+-+-'],
    ['is not all of a pattern', { ...regex, ...inverted, ...asEmpty }, '++-+-+'],
    ['is in letters of either case', { name: 'x', stringMatch: { regex: '(?i)a' } }, '--+--+'],
  ])('%s', (_, matcher, expected) => {
    const compiled = compileHeaderMatcher(matcher)
    if (!compiled.ok) throw new Error(compiled.error)
    const found = [undefined, '', 'a', 'ab', 'b', 'A'].map((value) => (compiled.value(value) ? '+' : '-'))
    expect(found.join('')).toBe(expected)
  })

  test('that is repeated is one text', () => {
    const compiled = compileHeaderMatcher({ name: 'x', stringMatch: { exact: 'a,b' } })
    expect(compiled.ok && [compiled.value('a,b'), compiled.value('a')]).toEqual([true, false])
  })

  test('with a pattern that cannot be one is refused', () => {
    expect(compileHeaderMatcher({ name: 'x', stringMatch: { regex: '(' } }).ok).toBe(false)
  })
})
