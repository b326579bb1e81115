/**
 * An RE2 pattern that is compared with the whole of a text, as a part of a longer pattern. It is a group of its own, so that its
 * alternatives and flags end with it, what it quotes ends too, and the `^` and `$` at the beginning and the end of an
 * alternative, which only say again that the whole is meant, are gone. Elsewhere they never hold, and stay.
 */
export function regexPart(pattern: string): string {
  const tokens = pattern.match(TOKENS) ?? []
  const kept = tokens.filter((token, index) => !isAnchor(token, tokens[index - 1], tokens[index + 1]))
  const last = tokens.at(-1) ?? ''
  const quotes = last.startsWith('\\Q') && !last.endsWith('\\E')
  return `(?:${kept.join('')}${quotes ? '\\E' : ''})`
}

/** Quoted text, an escaped character, a class, the beginning of a group or a change of flags, or a character. */
const TOKENS = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?P?<\w+>|\(\?[\w-]*[:)]|./gs

function isAnchor(token: string, before: string | undefined, after: string | undefined): boolean {
  if (token === '^') return before === undefined || before === '|' || before.startsWith('(')
  return token === '$' && (after === undefined || after === '|' || after === ')')
}
