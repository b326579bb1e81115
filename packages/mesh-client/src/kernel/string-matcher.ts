import { ok, type PathMatcher, type Result } from '@weft/mesh-protocol'
import type { StringTest } from './plain-regex.ts'
import { compileRegex } from './regex.ts'

export interface StringMatcherOptions {
  /** Compare exact and prefix without regard to case; a regex has `(?i)` for that. Default false. */
  readonly ignoreCase?: boolean
}

/** A string matcher ready for use. The error is for the field `regex`, the only one that can be wrong. */
export function compileStringMatcher(
  matcher: PathMatcher,
  { ignoreCase = false }: StringMatcherOptions = {},
): Result<StringTest, string> {
  if ('regex' in matcher) return compileRegex(matcher.regex)
  if ('prefix' in matcher) return ok(ignoreCase ? prefixIgnoringCase(matcher.prefix) : startsWith(matcher.prefix))
  if ('pathSeparatedPrefix' in matcher) return ok(startsWithSegments(matcher.pathSeparatedPrefix, ignoreCase))
  return ok(ignoreCase ? equalsIgnoringCase(matcher.exact) : equals(matcher.exact))
}

function equals(expected: string): StringTest {
  return (value) => value === expected
}

function startsWith(prefix: string): StringTest {
  return (value) => value.startsWith(prefix)
}

/** A prefix that ends at a `/` of the value or at its end. Envoy `config_impl.cc`, `PathSeparatedPrefixRouteEntryImpl`. */
function startsWithSegments(prefix: string, ignoreCase: boolean): StringTest {
  const starts = ignoreCase ? prefixIgnoringCase(prefix) : startsWith(prefix)
  return (value) => starts(value) && (value.length === prefix.length || value[prefix.length] === '/')
}

function equalsIgnoringCase(expected: string): StringTest {
  const lower = expected.toLowerCase()
  return (value) => value.length === expected.length && value.toLowerCase() === lower
}

function prefixIgnoringCase(prefix: string): StringTest {
  const lower = prefix.toLowerCase()
  return (value) => value.slice(0, prefix.length).toLowerCase() === lower
}
