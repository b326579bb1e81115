/** What would be no literal, or makes one of the character before it. */
const META = /[.+*?()[\]{}^$\n]/
const QUANTIFIERS = '*?+{'
/** Escaped punctuation stands for itself. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/

/**
 * Text that everything begins with which the whole of a regex matches; empty where that cannot be told at a glance, as
 * with alternatives and flags.
 */
export function literalPrefix(pattern: string): string {
  if (pattern.includes('|')) return ''
  let prefix = ''
  for (let at = pattern.startsWith('^') ? 1 : 0; at < pattern.length; ) {
    const isEscape = pattern[at] === '\\'
    // A whole code point: a quantifier is one of both its halves.
    const character = isEscape ? (pattern[at + 1] ?? '') : String.fromCodePoint(pattern.codePointAt(at) ?? 0)
    if (isEscape ? !PUNCTUATION.test(character) : META.test(character)) break
    at += isEscape ? 2 : character.length
    if (at < pattern.length && QUANTIFIERS.includes(pattern[at] as string)) break
    prefix += character
  }
  return prefix
}

const WILDCARDS = /(?<!\\)(?:\\\\)*\.[*+](?=([^*+?{]|$))/g

/**
 * Text that everything ends with which the whole of a regex matches, behind the last of its wildcards `.*` and `.+`; empty where
 * that cannot be told at a glance.
 */
export function literalEnd(pattern: string): string {
  if (pattern.includes('|')) return ''
  const last = [...pattern.matchAll(WILDCARDS)].at(-1)
  if (last === undefined) return ''
  const tail = pattern.slice(last.index + last[0].length)
  const text = literalPrefix(`^${tail}`)
  // All of it is literal where writing it again gives as much.
  return tail.replace(/\\([!-/:-@[-`{-~])/g, '$1') === text ? text : ''
}
