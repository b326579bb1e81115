import type { VerifiedToken } from '../exchange.ts'

/**
 * The strings that a claim holds: itself, those of a list, or the words of one that is a list by its blanks. `undefined`: it is
 * not there, or is of another kind. Source: Istio `security/authz/model`, Envoy `jwt_authn` `normalize_payload_in_metadata`.
 */
export function claimValues(token: VerifiedToken | undefined, path: readonly string[]): ClaimValues {
  const claim = token === undefined ? undefined : claimAt(token.claims, path)
  if (typeof claim === 'string') {
    const isList = path.length === 1 && token?.spaceDelimited.includes(path[0] as string)
    return isList ? claim.split(' ').filter((word) => word !== '') : claim
  }
  return Array.isArray(claim) ? claim.filter((item): item is string => typeof item === 'string') : undefined
}

export type ClaimValues = string | readonly string[] | undefined

/** What stands at a path; only the token's own members count. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let at: unknown = claims
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
