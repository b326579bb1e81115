import type { RbacCondition, ValueMatcher } from '@weft/mesh-protocol'
import { valueMatcher } from './value-matchers.ts'

/** Whether one of a claim's values is as written; a claim is a string or a list of them. */
export const claimCondition = (path: readonly string[], value: string): RbacCondition => ({
  jwtClaim: { path, value: valueMatcher(value) },
})

/**
 * What stands in the brackets behind `request.auth.claims`: one claim, or with several pairs of brackets the way to one inside
 * another; brackets inside of brackets make it one name (Istio `extractNameInNestedBrackets`). `undefined`: no such form.
 */
export function claimPath(brackets: string): readonly string[] | undefined {
  if (/^(?:\[[^[\]]*\])+$/.test(brackets)) return brackets.slice(1, -1).split('][')
  const whole = bracketed(brackets)
  return whole === undefined ? undefined : [whole]
}

/** What stands in one pair of brackets. */
export function bracketed(text: string): string | undefined {
  return text.startsWith('[') && text.endsWith(']') && text.length > 1 ? text.slice(1, -1) : undefined
}

/** The two claims that the principal of a token is made of, as they are asked for. */
export interface RequestPrincipal {
  readonly iss: ValueMatcher
  readonly sub: ValueMatcher
}

/**
 * `issuer/subject`, taken apart at the last slash, as an issuer may be a URL; a star stands on one side alone (Istio
 * `requestPrincipalGenerator`).
 */
export function requestPrincipal(value: string): RequestPrincipal {
  const any: ValueMatcher = { present: true }
  if (value === '*') return { iss: any, sub: any }
  const slash = value.lastIndexOf('/')
  if (slash < 0) {
    if (value.startsWith('*')) return { iss: any, sub: { suffix: value.slice(1) } }
    return value.endsWith('*')
      ? { iss: { prefix: value.slice(0, -1) }, sub: any }
      : { iss: { exact: value }, sub: { exact: '' } }
  }
  const [iss, sub] = [value.slice(0, slash), value.slice(slash + 1)]
  if (iss.startsWith('*')) return { iss: valueMatcher(iss), sub: { exact: sub } }
  if (!sub.endsWith('*')) return { iss: { exact: iss }, sub: { exact: sub } }
  return { iss: { exact: iss }, sub: sub === '*' ? any : { prefix: sub.slice(0, -1) } }
}

export function requestPrincipalCondition(value: string): RbacCondition {
  const { iss, sub } = requestPrincipal(value)
  return { and: [{ jwtClaim: { path: ['iss'], value: iss } }, { jwtClaim: { path: ['sub'], value: sub } }] }
}
