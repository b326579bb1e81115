import type { ValueMatcher } from '@weft/mesh-protocol'

/**
 * How AuthorizationPolicies write values: `*` for one that is there and not empty, `x*` and `*x` for its beginning and its end,
 * anything else for itself, stars inside included (Istio `authz/matcher` `StringMatcher`).
 */
export function valueMatcher(value: string): ValueMatcher {
  if (value === '*') return { present: true }
  if (value.startsWith('*')) return { suffix: value.slice(1) }
  return value.endsWith('*') ? { prefix: value.slice(0, -1) } : { exact: value }
}

/** Letters, digits and what has no meaning in a regex stay; the rest is escaped (Go `regexp.QuoteMeta`). */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
