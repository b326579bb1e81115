/**
 * An RE2 pattern that is compared with the whole of a text, without the `^` and `$` that say so: at the beginning or the end
 * of an alternative they would keep it from being a part of a longer pattern. Elsewhere they never hold, and stay.
 */
export function withoutAnchors(pattern: string): string {
  const tokens = pattern.match(TOKENS) ?? []
  return tokens.filter((token, index) => !isAnchor(token, tokens[index - 1], tokens[index + 1])).join('')
}

/** Quoted text, an escaped character, a class, the beginning of a group or a change of flags, or a character. */
const TOKENS = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?P?<\w+>|\(\?[\w-]*[:)]|./gs

function isAnchor(token: string, before: string | undefined, after: string | undefined): boolean {
  if (token === '^') return before === undefined || before === '|' || before.startsWith('(')
  return token === '$' && (after === undefined || after === '|' || after === ')')
}
