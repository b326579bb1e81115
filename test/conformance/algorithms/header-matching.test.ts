import type { HeaderMatcher, StringMatcher } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import { compileHeaderMatcher } from '../../../packages/mesh-client/src/kernel/header-matcher.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface StringMatch {
  readonly exact?: string
  readonly prefix?: string
  readonly suffix?: string
  readonly contains?: string
  readonly safe_regex?: string
  readonly ignore_case?: boolean
}

interface Matcher {
  readonly name: string
  readonly string_match?: StringMatch
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

type Headers = readonly (readonly [string, string])[]

interface Case {
  readonly name: string
  readonly matchers: readonly Matcher[]
  readonly rows: readonly { readonly headers: Headers; readonly match: boolean }[]
}

const vectors = readVectors<{ readonly cases: readonly Case[] }>('algorithms/header-matching.json')

algorithmSuite('header-matching', 'Envoy’s matching of headers.', vectors, () =>
  (vectors?.cases ?? []).flatMap(({ name, matchers, rows }) =>
    rows.map(({ headers, match }): AlgorithmRow => {
      const row = `${name}: ${JSON.stringify(headers)}`
      if (matchers.some((matcher) => matcher.range_match !== undefined)) {
        return { name: row, notApplicable: 'matches a range of numbers, for which no resource has a field' }
      }
      const check = (): void => expect(matchers.every((matcher) => holds(matcher, headers))).toBe(match)
      return { name: row, check }
    }),
  ),
)

function holds(matcher: Matcher, headers: Headers): boolean {
  const wire = wireMatcher(matcher)
  const compiled = compileHeaderMatcher(wire)
  if (!compiled.ok) throw new Error(compiled.error)
  const values = headers.filter(([name]) => name.toLowerCase() === wire.name).map(([, value]) => value)
  return compiled.value(values.length === 0 ? undefined : values.join(','))
}

function wireMatcher(from: Matcher): HeaderMatcher {
  const match = stringMatch({
    ...defined('exact', from.exact_match),
    ...defined('prefix', from.prefix_match),
    ...defined('suffix', from.suffix_match),
    ...defined('contains', from.contains_match),
    ...defined('safe_regex', from.safe_regex_match),
    ...from.string_match,
  })
  return {
    name: from.name.toLowerCase(),
    ...(match === undefined ? {} : { stringMatch: match }),
    // Asking for absence is the wire's inverted presence.
    invertMatch: (from.invert_match ?? false) !== (from.present_match === false),
    treatMissingHeaderAsEmpty: from.treat_missing_header_as_empty ?? false,
  }
}

function defined(key: keyof StringMatch, value: string | undefined): StringMatch {
  return value === undefined ? {} : { [key]: value }
}

/** The wire has exact, prefix and regex, as resources have; a regex says the rest. */
function stringMatch(from: StringMatch): StringMatcher | undefined {
  const { exact, prefix, suffix, contains, safe_regex: regex, ignore_case: any = false } = from
  if (regex !== undefined) return { regex }
  if (!any && exact !== undefined) return { exact }
  if (!any && prefix !== undefined) return { prefix }
  const text = exact ?? prefix ?? suffix ?? contains
  if (text === undefined) return undefined
  const before = suffix !== undefined || contains !== undefined ? '.*' : ''
  const after = prefix !== undefined || contains !== undefined ? '.*' : ''
  return { regex: `${any ? '(?i)' : ''}${before}${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}${after}` }
}
