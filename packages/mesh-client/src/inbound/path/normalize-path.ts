import type { PathNormalization } from '@weft/mesh-protocol'

/** A path with its query in one form; `undefined`: it has none, and the request is refused. */
export type NormalizePath = (path: string) => string | undefined

const FRAGMENT = '#'
const SLASH = 0x2f
const BACKSLASH = 0x5c
const DOT = 0x2e
const PERCENT = 0x25

/**
 * What nothing is done to: no escape, no backslash, no segment that begins with a dot, nothing that has to be escaped. With a
 * query of any kind and without fragment.
 */
const CLEAN = /^(?:\/(?!\.)[!$&'()*+,\-.0-9:;=@A-Z[\]_a-z~]*)+(?:\?[^#]*)?$/
const CLEAN_AND_MERGED = /^(?:\/(?![./])[!$&'()*+,\-.0-9:;=@A-Z[\]_a-z~]*)+(?:\?[^#]*)?$/

/** Decoded wherever they are escaped. RFC 3986 section 2.3. */
const UNRESERVED = /[\w.~-]/
/** Escaped where they stand bare. */
const ESCAPED = /[\0-\x20"#<>?^`{|}\x7f-\uffff]/

/**
 * Brings paths to one form, so that policy and application see the same. A fragment is cut off in every mode. BASE: dot segments
 * resolved, backslashes made slashes, escaped unreserved characters decoded, other characters that may not stand bare
 * escaped; an escaped NUL is refused. MERGE_SLASHES besides makes one slash of several, and DECODE_AND_MERGE_SLASHES decodes
 * `%2F` and `%5C` before all that. Queries are left as they are. Sources: Istio `MeshConfig.ProxyPathNormalization`, Envoy
 * `path_utility.cc` and `legacy_path_canonicalizer.cc`.
 */
export function pathNormalizer(mode: PathNormalization): NormalizePath {
  switch (mode) {
    case 'NONE':
      return withoutFragment
    case 'BASE':
      return (path) => (CLEAN.test(path) ? path : normalize(path, (bare) => resolve(bare)))
    case 'MERGE_SLASHES':
      return (path) => (CLEAN_AND_MERGED.test(path) ? path : normalize(path, (bare) => merge(resolve(bare))))
    case 'DECODE_AND_MERGE_SLASHES':
      return (path) =>
        CLEAN_AND_MERGED.test(path) ? path : normalize(path, (bare) => merge(resolve(decodeSlashes(bare))))
  }
}

function withoutFragment(path: string): string {
  const at = path.indexOf(FRAGMENT)
  return at < 0 ? path : path.slice(0, at)
}

function normalize(path: string, change: (bare: string) => string | undefined): string | undefined {
  const whole = withoutFragment(path)
  const query = whole.indexOf('?')
  const bare = change(query < 0 ? whole : whole.slice(0, query))
  return bare === undefined || query < 0 ? bare : bare + whole.slice(query)
}

function decodeSlashes(path: string): string {
  return path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
}

function merge(path: string | undefined): string | undefined {
  return path?.replace(/\/{2,}/g, '/')
}

/** Character by character, since what is decoded decides what the next one means. */
function resolve(path: string): string | undefined {
  const out: string[] = []
  /** Where in {@link out} a percent sign stands that begins no escape. */
  let bare = -1
  for (let at = 0; at < path.length; ) {
    const dot = dotLength(path, at)
    if (dot > 0) {
      if (out.at(-1) === '/') at = takeDotSegment(path, at + dot, out)
      else {
        out.push('.')
        at += dot
      }
      continue
    }
    const code = path.charCodeAt(at)
    if (code === BACKSLASH) out.push('/')
    else if (code !== PERCENT) out.push(escapeBare(path[at] as string))
    else {
      const value = escapedAt(path, at)
      if (value === 0) return undefined
      if (value === undefined) {
        bare = out.length
        out.push('%')
      } else {
        const character = String.fromCharCode(value)
        const decodes = UNRESERVED.test(character)
        if (decodes && bare >= 0) guard(out, bare, character, path[at + 3])
        out.push(...(decodes ? character : path.slice(at, at + 3)))
        at += 2
      }
    }
    at++
  }
  return out.join('')
}

/**
 * A percent sign that began no escape must not come to begin one by what is decoded behind it (`%%300`): whoever decodes
 * again would read something else than what was judged.
 */
function guard(out: string[], bare: number, character: string, next: string | undefined): void {
  if (out.length - bare > 2) return
  const between = out[bare + 1] ?? ''
  if (isHex(`${between}${character}${between === '' ? (next ?? '') : ''}`)) out[bare] = '%25'
}

const isHex = (text: string): boolean => /^[\da-f]{2}$/i.test(text)

/** Behind a slash and a dot: goes up or stays, or takes the dot as part of a name. Gives where to go on. */
function takeDotSegment(path: string, afterDot: number, out: string[]): number {
  if (endsSegment(path, afterDot)) return afterDot + 1
  const second = dotLength(path, afterDot)
  if (second > 0 && endsSegment(path, afterDot + second)) {
    const parent = out.lastIndexOf('/', out.length - 2)
    out.length = out.length === 1 ? 1 : parent + 1
    return afterDot + second + 1
  }
  out.push('.')
  return afterDot
}

function endsSegment(path: string, at: number): boolean {
  if (at >= path.length) return true
  const code = path.charCodeAt(at)
  return code === SLASH || code === BACKSLASH
}

/** How many characters make a dot here: 1, 3 where it is escaped, else 0. */
function dotLength(path: string, at: number): number {
  const code = path.charCodeAt(at)
  if (code === DOT) return 1
  return code === PERCENT && escapedAt(path, at) === DOT ? 3 : 0
}

function escapedAt(path: string, at: number): number | undefined {
  const digits = path.slice(at + 1, at + 3)
  return isHex(digits) ? Number.parseInt(digits, 16) : undefined
}

/** Requests are read as Latin-1, so that a character is a byte. */
function escapeBare(character: string): string {
  if (!ESCAPED.test(character)) return character
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
