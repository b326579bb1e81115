import type { ValueMatcher, Violation } from '@weft/mesh-protocol'
import type { StringTest } from '../../kernel/plain-regex.ts'
import { compileRegex } from '../../kernel/regex.ts'

/** @param field where the matcher stands */
export function compileValue(matcher: ValueMatcher, field: string, violations: Violation[]): StringTest {
  if ('regex' in matcher) {
    const compiled = compileRegex(matcher.regex)
    if (compiled.ok) return compiled.value
    violations.push({ field: `${field}.regex`, message: compiled.error })
    return () => false
  }
  if ('present' in matcher) return (value) => value !== ''
  const ignoreCase = matcher.ignoreCase === true
  const test = plainTest(matcher, (text) => (ignoreCase ? text.toLowerCase() : text))
  return ignoreCase ? (value) => test(value.toLowerCase()) : test
}

function plainTest(
  matcher: { readonly exact: string } | { readonly prefix: string } | { readonly suffix: string },
  fold: (text: string) => string,
): StringTest {
  if ('exact' in matcher) {
    const exact = fold(matcher.exact)
    return (value) => value === exact
  }
  if ('prefix' in matcher) {
    const prefix = fold(matcher.prefix)
    return (value) => value.startsWith(prefix)
  }
  const suffix = fold(matcher.suffix)
  return (value) => value.endsWith(suffix)
}
