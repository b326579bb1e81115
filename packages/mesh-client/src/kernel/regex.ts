import { fail, MAX_REGEX_LENGTH, MAX_REGEX_PROGRAM, ok, type Result } from '@weft/mesh-protocol'
import { RE2JS } from 're2js'
import { compilePlainRegex, type StringTest } from './plain-regex.ts'
import { estimateRegexSize } from './regex-size.ts'

/** The estimate may say up to this many times what RE2 makes of it, after it has simplified the pattern. */
const ESTIMATE_SLACK = 8

/** Program size times characters that one use may cost, about half a second; a match fails on longer values. */
export const MAX_STEPS: number = 2 ** 24

/**
 * A regex of a policy, in RE2 syntax, that matches the whole string. The error says what is wrong with it, as the end of a
 * sentence whose subject is the field.
 */
export function compileRegex(pattern: string): Result<StringTest, string> {
  if (pattern.length > MAX_REGEX_LENGTH) {
    return fail(`must be at most ${MAX_REGEX_LENGTH} characters long, it has ${pattern.length}`)
  }
  const plain = compilePlainRegex(pattern)
  if (plain !== undefined) return ok(plain)
  const compiled = compileProgram(pattern)
  if (!compiled.ok) return compiled
  const program = compiled.value
  const longest = Math.floor(MAX_STEPS / program.programSize())
  return ok((value) => value.length <= longest && program.testExact(value))
}

/** A compiled pattern. */
export type RegexProgram = RE2JS

/** A pattern as a program of bounded size; the error is as that of {@link compileRegex}. */
export function compileProgram(pattern: string): Result<RegexProgram, string> {
  if (pattern.length > MAX_REGEX_LENGTH) {
    return fail(`must be at most ${MAX_REGEX_LENGTH} characters long, it has ${pattern.length}`)
  }
  const tooLarge = `repeats too much: it would compile to more than ${MAX_REGEX_PROGRAM} RE2 instructions`
  if (estimateRegexSize(pattern) > MAX_REGEX_PROGRAM * ESTIMATE_SLACK) return fail(tooLarge)
  try {
    const program = RE2JS.compile(pattern)
    return program.programSize() > MAX_REGEX_PROGRAM ? fail(tooLarge) : ok(program)
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace('error parsing regexp: ', '')
    return fail(`must be a regex in RE2 syntax, which has no look-around and no back-references: ${reason}`)
  }
}
