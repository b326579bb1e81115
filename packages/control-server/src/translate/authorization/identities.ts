import type { RbacCondition, ValueMatcher } from '@weft/mesh-protocol'
import { quoteRegex } from './value-matchers.ts'

/*
 * How the fields about the caller's certificate become matches of its SPIFFE id. Regexes, as everywhere on the wire, are about the
 * whole of a value.
 */

const SCHEME = 'spiffe://'

const authenticated = (value: ValueMatcher): RbacCondition => ({ authenticated: value })

/** `trust-domain/ns/namespace/sa/account`, or a part of it with a star (Istio `srcPrincipalGenerator`). */
export function principalCondition(principal: string): RbacCondition {
  if (principal === '*') return authenticated({ present: true })
  if (principal.startsWith('*')) return authenticated(endOfPrincipal(principal.slice(1)))
  if (principal.endsWith('*')) return authenticated({ prefix: SCHEME + principal.slice(0, -1) })
  return authenticated({ exact: SCHEME + principal })
}

/** The star stands for something behind the scheme; only an end that could reach into the scheme needs that to be said. */
function endOfPrincipal(end: string): ValueMatcher {
  const plain = !end.includes('//') && (!end.startsWith('/') || end.startsWith('/ns/'))
  return plain ? { suffix: end } : { regex: `${SCHEME}.*${quoteRegex(end)}` }
}

/** Every star stands for any text (Istio `srcNamespaceGenerator`). */
export function namespacePattern(namespace: string): string {
  return `.*/ns/${namespace.split('*').map(quoteRegex).join('.*')}/.*`
}

export const namespaceCondition = (namespace: string): RbacCondition =>
  authenticated({ regex: namespacePattern(namespace) })

/**
 * `account` or `namespace/account`; there may be other parts between them and behind (Istio `serviceAccountRegex`).
 *
 * @param ownNamespace of the policy, for an account without one
 */
export function serviceAccountPattern(serviceAccount: string, ownNamespace: string): string {
  const slash = serviceAccount.indexOf('/')
  const namespace = slash < 0 ? ownNamespace : serviceAccount.slice(0, slash)
  const account = serviceAccount.slice(slash + 1)
  return `${SCHEME}.+/ns/${quoteRegex(namespace)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`
}

export const serviceAccountCondition = (serviceAccount: string, ownNamespace: string): RbacCondition =>
  authenticated({ regex: serviceAccountPattern(serviceAccount, ownNamespace) })

/** A star does not reach beyond the trust domain (Istio `srcTrustDomainGenerator`). */
export function trustDomainCondition(trustDomain: string): RbacCondition {
  if (trustDomain === '*') return authenticated({ prefix: SCHEME })
  const star = trustDomain.indexOf('*')
  if (star < 0) return authenticated({ prefix: `${SCHEME}${trustDomain}/` })
  const [before, after] = [trustDomain.slice(0, star), trustDomain.slice(star + 1)]
  return authenticated({ regex: `${SCHEME}${quoteRegex(before)}[^/]*${quoteRegex(after)}/.*` })
}
