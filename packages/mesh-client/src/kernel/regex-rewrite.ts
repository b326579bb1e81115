import { fail, ok, type Result } from '@weft/mesh-protocol'
import { compileProgram, MAX_STEPS, type RegexProgram } from './regex.ts'

/** Makes another string of one. */
export type Rewrite = (value: string) => string

/** What takes the place of a match: text, and numbers of groups. */
type Part = string | number

type Matcher = ReturnType<RegexProgram['matcher']>

/**
 * Puts a substitution in the place of every match of a pattern, as RE2's `GlobalReplace` does: matches do not overlap, an
 * empty one right after another does not count, `\0` to `\9` stand for the match and its groups, and `\\` for a backslash.
 * A value that would take too long, which is about half a second, stays as it is. The error tells which part is wrong.
 */
export function compileRegexRewrite(
  pattern: string,
  substitution: string,
): Result<Rewrite, { readonly part: 'pattern' | 'substitution'; readonly message: string }> {
  const program = compileProgram(pattern)
  if (!program.ok) return fail({ part: 'pattern', message: program.error })
  const parts = partsOf(substitution, program.value.groupCount())
  if (!parts.ok) return fail({ part: 'substitution', message: parts.error })
  return ok((value) => replaceAll(program.value, parts.value, value))
}

function partsOf(substitution: string, groups: number): Result<readonly Part[], string> {
  const parts: Part[] = []
  let literal = ''
  for (let at = 0; at < substitution.length; at++) {
    const character = substitution[at] as string
    if (character !== '\\') {
      literal += character
      continue
    }
    at++
    const escaped = substitution[at] ?? ''
    if (escaped === '\\') literal += '\\'
    else if (!/^\d$/.test(escaped)) return fail('has a \\ that is followed by neither a digit nor another \\')
    else if (Number(escaped) > groups) return fail(`names group ${escaped}, but the pattern has ${groups}`)
    else {
      parts.push(literal, Number(escaped))
      literal = ''
    }
  }
  return ok([...parts, literal])
}

function replaceAll(program: RegexProgram, parts: readonly Part[], value: string): string {
  const matcher = program.matcher(value)
  const size = program.programSize()
  let left = MAX_STEPS
  let result = ''
  let at = 0
  let lastEnd = -1
  while (at <= value.length) {
    left -= size * (value.length - at + 1)
    if (left < 0) return value
    if (!matcher.find(at)) break
    const start = matcher.start()
    const end = matcher.end()
    result += value.slice(at, start)
    if (start === end && start === lastEnd) {
      result += value.slice(at, at + 1)
      at += 1
    } else {
      result += expand(parts, matcher)
      at = end
      lastEnd = end
    }
  }
  return lastEnd < 0 ? value : result + value.slice(at)
}

function expand(parts: readonly Part[], matcher: Matcher): string {
  let text = ''
  for (const part of parts) text += typeof part === 'string' ? part : (matcher.group(part) ?? '')
  return text
}
