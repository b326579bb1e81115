import { ok, type Result, type StringMatcher } from '@weft/mesh-protocol'
import type { StringTest } from './plain-regex.ts'
import { compileRegex } from './regex.ts'

export interface StringMatcherOptions {
  /** Compare exact and prefix without regard to case; a regex has `(?i)` for that. Default false. */
  readonly ignoreCase?: boolean
}

/** A string matcher ready for use. The error is for the field `regex`, the only one that can be wrong. */
export function compileStringMatcher(
  matcher: StringMatcher,
  { ignoreCase = false }: StringMatcherOptions = {},
): Result<StringTest, string> {
  if ('regex' in matcher) return compileRegex(matcher.regex)
  if ('prefix' in matcher) return ok(ignoreCase ? prefixIgnoringCase(matcher.prefix) : startsWith(matcher.prefix))
  return ok(ignoreCase ? equalsIgnoringCase(matcher.exact) : equals(matcher.exact))
}

function equals(expected: string): StringTest {
  return (value) => value === expected
}

function startsWith(prefix: string): StringTest {
  return (value) => value.startsWith(prefix)
}

function equalsIgnoringCase(expected: string): StringTest {
  const lower = expected.toLowerCase()
  return (value) => value.length === expected.length && value.toLowerCase() === lower
}

function prefixIgnoringCase(prefix: string): StringTest {
  const lower = prefix.toLowerCase()
  return (value) => value.slice(0, prefix.length).toLowerCase() === lower
}
