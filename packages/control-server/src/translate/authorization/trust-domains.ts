import { DEFAULT_TRUST_DOMAIN } from '@weft/mesh-protocol'
import type { MeshSettings } from '../../registry/mesh-settings.ts'

/** The names that the mesh's identities go by, its own first. */
export type TrustDomains = readonly [string, ...string[]]

export function trustDomainsOf(mesh: Pick<MeshSettings, 'trustDomain' | 'trustDomainAliases'>): TrustDomains {
  return [mesh.trustDomain, ...mesh.trustDomainAliases]
}

/**
 * Principals of the mesh, by whatever of its names, and those of `cluster.local`, which stands for whatever the mesh is called,
 * come to one for each of its names; others stay as they are (Istio `trustdomain.Bundle.ReplaceTrustDomainAliases`).
 */
export function expandPrincipals(principals: readonly string[], trustDomains: TrustDomains): string[] {
  return principals.flatMap((principal) => expandPrincipal(principal, trustDomains))
}

/** `trust-domain/ns/namespace/sa/account`. */
const PARTS = 5

function expandPrincipal(principal: string, trustDomains: TrustDomains): string[] {
  const [trustDomain = '', ...rest] = principal.split('/')
  if (rest.length !== PARTS - 1 || trustDomain === '*') return [principal]
  const known = trustDomain === DEFAULT_TRUST_DOMAIN || trustDomains.some((name) => matches(trustDomain, name))
  if (!known) return [principal]
  const all = trustDomains.map((name) => (matchesEnd(trustDomain, name) ? principal : [name, ...rest].join('/')))
  return [...new Set(all)]
}

/** As values of policies do: the end, the beginning, the whole. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '*' || pattern === name || matchesEnd(pattern, name)) return true
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))
}

const matchesEnd = (pattern: string, name: string): boolean =>
  pattern.startsWith('*') && name.endsWith(pattern.slice(1))

/** A trust domain that is one of the mesh's stands for all of them (Istio `ExpandTrustDomainAliases`). */
export function expandTrustDomains(values: readonly string[], trustDomains: TrustDomains): string[] {
  return [...new Set(values.flatMap((value) => (trustDomains.includes(value) ? trustDomains : [value])))]
}
