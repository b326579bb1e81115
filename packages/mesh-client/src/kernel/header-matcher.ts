import { type HeaderMatcher, ok, type Result } from '@weft/mesh-protocol'
import { compileStringMatcher } from './string-matcher.ts'

/** A test of one header; repeated headers come joined with `,`, a missing one as `undefined`. */
export type HeaderTest = (value: string | undefined) => boolean

/**
 * The condition of a header matcher on the header's value. A missing header satisfies no string match, inverted or not,
 * unless it is to be taken as empty; it does satisfy inverted presence. Source: Envoy `header_utility.cc`.
 */
export function compileHeaderMatcher(matcher: HeaderMatcher): Result<HeaderTest, string> {
  const inverted = matcher.invertMatch ?? false
  const missingAsEmpty = matcher.treatMissingHeaderAsEmpty ?? false
  if (matcher.stringMatch === undefined) {
    return ok((value) => (value !== undefined || missingAsEmpty) !== inverted)
  }
  const compiled = compileStringMatcher(matcher.stringMatch)
  if (!compiled.ok) return compiled
  const matches = compiled.value
  if (!missingAsEmpty) return ok((value) => value !== undefined && matches(value) !== inverted)
  return ok((value) => matches(value ?? '') !== inverted)
}
