/*
 * How hosts with a wildcard prefix compare (Istio `pkg/config/host`): `*` followed by any suffix, compared as text.
 */

export function isWildcardHost(host: string): boolean {
  return host.startsWith('*')
}

/** Whether every host that `host` stands for is also one of `of` (Istio `Name.SubsetOf`). */
export function isHostSubset(host: string, of: string): boolean {
  if (!isWildcardHost(of)) return host === of
  const suffix = of.slice(1)
  if (!isWildcardHost(host)) return host.endsWith(suffix)
  return host.length >= of.length && host.slice(1).endsWith(suffix)
}

/** Whether one of the two covers the other (Istio `Name.Matches`). */
export function hostsOverlap(a: string, b: string): boolean {
  return isHostSubset(a, b) || isHostSubset(b, a)
}

/** Orders hosts from the most to the least specific: exact before wildcard, longer first (Istio `MoreSpecific`). */
export function compareHostSpecificity(a: string, b: string): number {
  const wildcard = Number(isWildcardHost(a)) - Number(isWildcardHost(b))
  if (wildcard !== 0) return wildcard
  if (a.length !== b.length) return b.length - a.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
