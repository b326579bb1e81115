import type { OutgoingHttpHeaders } from 'node:http2'

/** These may stand several times, and none stands for another. */
const SET_COOKIE = 'set-cookie'
const VARY = 'vary'

/**
 * Headers of a response over others, as `addToResponse` has it: a value takes the place of what was there, that of `vary` is
 * added, and cookies are set besides.
 *
 * @param added names and values in turn; one that comes several times is several
 */
export function mergeHeaders(headers: OutgoingHttpHeaders, added: readonly string[]): OutgoingHttpHeaders {
  const merged = { ...headers }
  const seen = new Set<string>()
  for (let at = 0; at < added.length; at += 2) {
    const name = (added[at] as string).toLowerCase()
    const value = added[at + 1] as string
    if (seen.has(name) || name === SET_COOKIE || name === VARY) merged[name] = withAnother(merged[name], value)
    else merged[name] = value
    seen.add(name)
  }
  return merged
}

function withAnother(before: OutgoingHttpHeaders[string], value: string): string | string[] {
  if (before === undefined) return value
  return Array.isArray(before) ? [...before, value] : [String(before), value]
}
