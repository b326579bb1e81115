import type { HeaderMatcher, StringMatcher } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compileHeaderMatcher } from '../../../../packages/mesh-client/src/kernel/header-matcher.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface VectorMatcher {
  readonly name: string
  readonly string_match?: { exact?: string; safe_regex?: string; contains?: string; ignore_case?: boolean }
  readonly exact_match?: string
  readonly prefix_match?: string
  readonly suffix_match?: string
  readonly contains_match?: string
  readonly safe_regex_match?: string
  readonly present_match?: boolean
  readonly range_match?: object
  readonly invert_match?: boolean
  readonly treat_missing_header_as_empty?: boolean
}

interface Vectors {
  readonly cases: readonly {
    readonly name: string
    readonly matchers: readonly VectorMatcher[]
    readonly rows: readonly { readonly headers: readonly (readonly [string, string])[]; readonly match: boolean }[]
  }[]
}

const vectors = readVectors<Vectors>('algorithms/header-matching.json')

/** Suffix and contains have no twin on the wire, where a regex says the same. */
function stringMatch(from: VectorMatcher): StringMatcher | undefined {
  const exact = from.exact_match ?? from.string_match?.exact
  const regex = from.safe_regex_match ?? from.string_match?.safe_regex
  const contains = from.contains_match ?? from.string_match?.contains
  if (exact !== undefined) return { exact }
  if (regex !== undefined) return { regex }
  if (from.prefix_match !== undefined) return { prefix: from.prefix_match }
  if (from.suffix_match !== undefined) return { regex: `.*${from.suffix_match}` }
  if (contains === undefined) return undefined
  return { regex: `${from.string_match?.ignore_case === true ? '(?i)' : ''}.*${contains}.*` }
}

function wireMatcher(from: VectorMatcher): HeaderMatcher {
  const match = stringMatch(from)
  return {
    name: from.name.toLowerCase(),
    ...(match === undefined ? {} : { stringMatch: match }),
    // Asking for absence is the wire's inverted presence.
    invertMatch: (from.invert_match ?? false) !== (from.present_match === false),
    treatMissingHeaderAsEmpty: from.treat_missing_header_as_empty ?? false,
  }
}

function holds(matcher: HeaderMatcher, headers: readonly (readonly [string, string])[]): boolean {
  const compiled = compileHeaderMatcher(matcher)
  if (!compiled.ok) throw new Error(compiled.error)
  const values = headers.filter(([name]) => name.toLowerCase() === matcher.name).map(([, value]) => value)
  return compiled.value(values.length === 0 ? undefined : values.join(','))
}

describe.skipIf(vectors === undefined)(vectorTitle('known answers', vectors), () => {
  const cases = (vectors?.cases ?? []).filter((one) => one.matchers.every((matcher) => !matcher.range_match))
  test.each(cases)('$name', ({ matchers, rows }) => {
    for (const { headers, match } of rows) {
      expect(matchers.every((matcher) => holds(wireMatcher(matcher), headers))).toBe(match)
    }
  })

  test('only the range matchers, which the wire does not have, are left out', () => {
    expect((vectors?.cases.length ?? 0) - cases.length).toBe(3)
  })
})

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
