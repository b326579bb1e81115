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
