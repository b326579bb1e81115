import type { HashPolicy } from '@weft/mesh-protocol'

type Cookie = Extract<HashPolicy, { cookie: unknown }>['cookie']

/** The value of the first cookie of this name, without the quotes around it; empty: there is none. Envoy `parseCookie`. */
export function cookieValue(headers: readonly string[], name: string): string {
  for (const header of headers) {
    for (const cookie of header.split(';')) {
      const equals = cookie.indexOf('=')
      if (equals < 0 || cookie.slice(0, equals).trimStart() !== name) continue
      const value = cookie.slice(equals + 1).trimEnd()
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
    }
  }
  return ''
}

/** What sets a cookie, in the form that Envoy gives it (`makeSetCookieValue`): never to be read by scripts. */
export function setCookieValue({ name, path = '', attributes = [] }: Cookie, ttlMs: number, value: string): string {
  const seconds = Math.floor(ttlMs / 1_000)
  const parts = [`${name}="${value}"`]
  if (seconds > 0) parts.push(`Max-Age=${seconds}`)
  if (path !== '') parts.push(`Path=${path}`)
  for (const attribute of attributes) {
    parts.push(attribute.value === '' ? attribute.name : `${attribute.name}=${attribute.value}`)
  }
  return [...parts, 'HttpOnly'].join('; ')
}
