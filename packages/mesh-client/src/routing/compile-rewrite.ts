import type { PathMatcher, RouteRewrite, Violation } from '@weft/mesh-protocol'
import { compileRegexRewrite, type Rewrite } from '../kernel/regex-rewrite.ts'
import { withoutQuery } from './request-value.ts'

/** Gives the path with its query as it is sent. */
export type RewritePath = (path: string) => string

type PathRewrite = Pick<RouteRewrite, 'prefixRewrite' | 'pathRewrite' | 'regexRewrite'>

/** Where a rewrite stands in the resource. */
export interface RewriteAt {
  readonly rewrite: PathRewrite
  readonly field: string
}

/** What undici lets stand in a request line (its `invalidPathRegex`): visible Latin-1 without spaces. */
const PATH_TEXT = /^[\x21-\xff]*$/

/** Whether anything of the path is rewritten. */
export function rewritesPath({ prefixRewrite, pathRewrite, regexRewrite }: PathRewrite): boolean {
  return prefixRewrite !== undefined || pathRewrite !== undefined || regexRewrite !== undefined
}

/**
 * The rewrite of a path that `match` has taken; the query is kept. `undefined`: the path stays. Source: Envoy
 * `config_impl.cc`, `finalizePathHeader`, and for a prefix of whole segments Gateway API `ReplacePrefixMatch`.
 */
export function compilePathRewrite(
  { rewrite, field }: RewriteAt,
  match: PathMatcher | undefined,
  violations: Violation[],
): RewritePath | undefined {
  const { prefixRewrite, pathRewrite, regexRewrite } = rewrite
  for (const [name, text] of Object.entries({ prefixRewrite, pathRewrite })) {
    if (text !== undefined) checkPathText(text, `${field}.${name}`, violations)
  }
  if (regexRewrite !== undefined) return compileRegex(regexRewrite, `${field}.regexRewrite`, violations)
  if (pathRewrite !== undefined) return whole(pathRewrite)
  return prefixRewrite === undefined ? undefined : compilePrefixRewrite(prefixRewrite, match)
}

/** Reports a text that must not become a part of a path. */
export function checkPathText(text: string, field: string, violations: Violation[]): void {
  if (PATH_TEXT.test(text)) return
  violations.push({ field, message: 'must hold only visible Latin-1 characters, and no space or line break' })
}

/** Puts a text in the place of what the match has taken. */
export function compilePrefixRewrite(replacement: string, match: PathMatcher | undefined): RewritePath {
  if (match === undefined || ('prefix' in match && match.prefix === '')) return segments(replacement, 0)
  if ('pathSeparatedPrefix' in match) return segments(replacement, match.pathSeparatedPrefix.length)
  if (!('prefix' in match)) return whole(replacement)
  const { length } = match.prefix
  return (path) => rooted(replacement + path.slice(length))
}

/** Exactly one slash stands where the replacement and what is left meet. */
function segments(replacement: string, prefixLength: number): RewritePath {
  const head = replacement.endsWith('/') ? replacement.slice(0, -1) : replacement
  return (path) => rooted(head + path.slice(prefixLength))
}

function whole(replacement: string): RewritePath {
  return (path) => rooted(replacement + path.slice(withoutQuery(path).length))
}

function compileRegex(
  { pattern, substitution }: NonNullable<RouteRewrite['regexRewrite']>,
  field: string,
  violations: Violation[],
): RewritePath | undefined {
  checkPathText(substitution, `${field}.substitution`, violations)
  const compiled = compileRegexRewrite(pattern, substitution)
  if (!compiled.ok) {
    violations.push({ field: `${field}.${compiled.error.part}`, message: compiled.error.message })
    return undefined
  }
  return rewriteBeforeQuery(compiled.value)
}

function rewriteBeforeQuery(rewrite: Rewrite): RewritePath {
  return (path) => {
    const plain = withoutQuery(path)
    return rooted(rewrite(plain) + path.slice(plain.length))
  }
}

/** A request line has to begin with a slash (RFC 9112, 3.2.1); an empty path is the root. */
export function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}
