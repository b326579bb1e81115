import { RE2JS } from 're2js'

/** A name or an IPv4 address, or an IPv6 address in brackets; visible ASCII without what begins another part of a URL. */
const AUTHORITY = /^(?:(?![/?#@[\]\\])[\x21-\x7e])+$|^\[[0-9a-fA-F:.]+\](?::\d+)?$/

/** A path as a request line can have it; empty counts as absent. */
export function pathProblem(path: string): string | undefined {
  if (/^[\x21-\xff]*$/.test(path)) return undefined
  return 'must have only visible Latin-1 characters, and no space or line break: encode others as %20 and so on'
}

/** A host with or without a port, as it stands in a URL and in the header `host`; empty counts as absent. */
export function authorityProblem(authority: string): string | undefined {
  return authority === '' || AUTHORITY.test(authority) ? undefined : 'must be a host, with or without a port'
}

/** What takes the place of a match of an RE2 regex; the regex has been checked. */
export function substitutionProblem(pattern: string, substitution: string): string | undefined {
  const groups = RE2JS.compile(pattern).groupCount()
  for (const [, escaped = ''] of substitution.matchAll(/\\(.?)/gs)) {
    if (escaped === '\\') continue
    if (!/^\d$/.test(escaped)) return 'has a \\ that is followed by neither the number of a group nor another \\'
    if (Number(escaped) > groups) return `names group ${escaped}, but the regex has ${groups}`
  }
  return undefined
}
