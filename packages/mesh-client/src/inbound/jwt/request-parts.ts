/*
 * Parameters and cookies by their names, as text: nothing that is not asked for is decoded or written anew.
 */

/** Values of the named parameters of a path's query, in its order. */
export function paramValues(path: string, names: readonly string[]): readonly string[] {
  return splitParams(path)
    .filter(({ name }) => names.includes(name))
    .map(({ value }) => value)
    .filter((value) => value !== '')
}

/** The path without the named parameters. */
export function changeParams(path: string, without: readonly string[]): string {
  const query = path.indexOf('?')
  const kept = splitParams(path).filter(({ name }) => !without.includes(name))
  const bare = path.slice(0, query)
  return kept.length === 0 ? bare : `${bare}?${kept.map(({ text }) => text).join('&')}`
}

interface Param {
  readonly text: string
  readonly name: string
  readonly value: string
}

function splitParams(path: string): readonly Param[] {
  return path
    .slice(path.indexOf('?') + 1)
    .split('&')
    .map((text) => {
      const [name, value] = pair(text)
      return { text, name: decoded(name), value: decoded(value) }
    })
}

/** Values of the named cookies. */
export function cookieValues(cookie: string, names: readonly string[]): readonly string[] {
  return cookie
    .split(';')
    .map((text) => pair(text.trim()))
    .filter(([name, value]) => names.includes(name) && value !== '')
    .map(([, value]) => value.replace(/^"(.*)"$/, '$1'))
}

/** The header without the named cookies; `undefined`: none is left. */
export function changeCookies(cookie: string, without: readonly string[]): string | undefined {
  const kept = cookie.split(';').filter((text) => !without.includes(pair(text.trim())[0]))
  return kept.length === 0 ? undefined : kept.join(';').trim()
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
