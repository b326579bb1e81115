import { MAX_REGEX_LENGTH, MAX_REGEX_PROGRAM } from '@weft/mesh-protocol'
import { RE2JS, RE2JSSyntaxException } from 're2js'

/*
 * Regexes of a policy are RE2: they run in linear time. What RE2 leaves out is refused with a hint, and so is what
 * would compile into something large, as every client of the mesh compiles it too.
 */

/**
 * The estimate may say up to this, since RE2 simplifies what it compiles. Istio looks at the length alone, so that
 * `(\pL{1000}){90}` would pass.
 */
const MAX_ESTIMATE: number = 2 * MAX_REGEX_PROGRAM
/** Instructions of all regexes of one resource together. */
const MAX_TOTAL = 100_000

/** Says what is wrong with a regex, in one sentence. Holds the budget of one resource. */
export type RegexCheck = (pattern: string) => string | undefined

export function createRegexCheck(): RegexCheck {
  const known = new Map<string, string | undefined>()
  let total = 0
  return (pattern) => {
    if (known.has(pattern)) return known.get(pattern)
    total += Math.min(estimateProgramSize(pattern), MAX_ESTIMATE)
    const problem =
      total > MAX_TOTAL ? 'the regexes of this resource are together too large: use exact or prefix' : check(pattern)
    known.set(pattern, problem)
    return problem
  }
}

function check(pattern: string): string | undefined {
  if (pattern === '') return 'must not be an empty regex: leave the match out to match anything'
  const bytes = Buffer.byteLength(pattern)
  if (bytes > MAX_REGEX_LENGTH) return `is too long for a regex: ${bytes} bytes of at most ${MAX_REGEX_LENGTH}`
  const estimate = estimateProgramSize(pattern)
  if (estimate > MAX_ESTIMATE) return tooLarge(`about ${estimate}`)
  try {
    const size = RE2JS.compile(pattern).programSize()
    return size > MAX_REGEX_PROGRAM ? tooLarge(String(size)) : undefined
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    return `is not an RE2 regex: ${error.message.replace('error parsing regexp: ', '')}${hint(pattern)}`
  }
}

function tooLarge(size: string): string {
  return `is too large for a regex: its repetitions expand to ${size} steps of at most ${MAX_REGEX_PROGRAM}`
}

function hint(pattern: string): string {
  if (/\(\?<?[=!]/.test(pattern)) {
    return '; RE2 has no look-ahead and no look-behind, which cannot run in linear time: use withoutHeaders or a route before this one to exclude'
  }
  if (/\\[1-9]/.test(pattern)) return '; RE2 has no back-references, which cannot run in linear time'
  if (/^[*?+]/.test(pattern)) return '; for anything write .*'
  return ''
}

const REPETITION = /^\{(\d{1,5})(,(\d{0,5}))?\}/

/**
 * About how many instructions a pattern compiles to, from its text alone in one pass, so that a large one is refused
 * before it costs anything. A malformed pattern gets some number; compiling it tells what is wrong.
 */
export function estimateProgramSize(pattern: string): number {
  const outer: number[] = []
  let total = 0
  let last = 0
  let at = 0
  const atom = (size: number, length: number): void => {
    total += last
    last = size
    at += length
  }
  while (at < pattern.length) {
    const char = pattern[at]
    const repetition = char === '{' ? REPETITION.exec(pattern.slice(at, at + 16)) : null
    if (repetition !== null) {
      last *= Math.max(1, Number(repetition[3] || repetition[1]))
      at += repetition[0].length
    } else if (char === '\\') atom(1, 2)
    else if (char === '[') atom(1, classLength(pattern, at))
    else if (char === '(') {
      outer.push(total + last)
      total = 0
      last = 0
      at += 1
    } else if (char === ')') {
      const inner = total + last
      total = outer.pop() ?? 0
      last = inner + 1
      at += 1
    } else atom(1, 1)
  }
  return outer.reduce((sum, size) => sum + size, total + last)
}

/** The length of the character class that begins at `start`. */
function classLength(pattern: string, start: number): number {
  let at = start + 1
  if (pattern[at] === '^') at += 1
  // A bracket in the first place is a member, not the end.
  if (pattern[at] === ']') at += 1
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1
  return Math.max(1, at + 1 - start)
}
