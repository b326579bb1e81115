/**
 * Roughly how many instructions a regex compiles to, found without compiling it: counted repetitions multiply, and a
 * pattern of a thousand characters can ask for a million instructions before any other limit could look at it.
 * Alternations of single characters come out smaller than said here; syntax errors are let be.
 */
export function estimateRegexSize(pattern: string): number {
  const outer: number[] = []
  let total = 0
  let atom = 0
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at] as string
    const repeat = character === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at, at + 12)) : null
    if (repeat !== null) {
      const count = Math.max(Number(repeat[1]), Number(repeat[3] ?? 0))
      total += atom * (count - 1)
      atom *= count
      at += repeat[0].length
    } else if (character === '(') {
      outer.push(total)
      total = 0
      at += 1
    } else if (character === ')') {
      atom = total + 2
      total = (outer.pop() ?? 0) + atom
      at += 1
    } else {
      atom = 1
      total += 1
      at = endOfAtom(pattern, at)
    }
  }
  return outer.reduce((sum, part) => sum + part, total)
}

/** Where the character, escape or class that starts here ends. */
function endOfAtom(pattern: string, start: number): number {
  if (pattern[start] === '[') return endOfClass(pattern, start)
  if (pattern[start] !== '\\') return start + 1
  const braced = /^\\[pPx]\{[^}]*\}/.exec(pattern.slice(start))
  return start + (braced?.[0].length ?? 2)
}

function endOfClass(pattern: string, start: number): number {
  // A bracket that comes first stands for itself.
  let at = start + (pattern[start + 1] === '^' ? 2 : 1)
  if (pattern[at] === ']') at += 1
  while (at < pattern.length && pattern[at] !== ']') {
    const named = pattern.startsWith('[:', at) ? pattern.indexOf(':]', at) : -1
    if (named > 0) at = named + 2
    else at += pattern[at] === '\\' ? 2 : 1
  }
  return at + 1
}
