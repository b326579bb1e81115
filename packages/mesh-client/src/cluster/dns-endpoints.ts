import { type Endpoint, isIpAddress } from '@weft/mesh-protocol'

/** What names were resolved to, the newest good answer of each. */
export type DnsAnswers = ReadonlyMap<string, readonly string[]>

/** The names among the addresses of an assignment. */
export function namesToResolve(endpoints: ReadonlyMap<string, Endpoint>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { address } of endpoints.values()) if (!isIpAddress(address)) names.add(address)
  return names
}

/**
 * The endpoints that an assignment comes to once its names are resolved (Envoy `strict_dns_cluster.cc`): one for each address,
 * with what the assignment says of the name; an address that several names share is one. A name without an answer stays as it
 * is, so that connections resolve it by themselves until there is one.
 */
export function resolvedEndpoints(
  endpoints: ReadonlyMap<string, Endpoint>,
  answers: DnsAnswers,
): ReadonlyMap<string, Endpoint> {
  const resolved = new Map<string, Endpoint>()
  for (const endpoint of endpoints.values()) {
    for (const address of answers.get(endpoint.address) ?? [endpoint.address]) {
      const id = `${address.includes(':') ? `[${address}]` : address}:${endpoint.port}`
      if (!resolved.has(id)) resolved.set(id, { ...endpoint, id, address })
    }
  }
  return resolved
}

/** IPv4 where there is any, as Istio has its proxies resolve names: half of the endpoints may else be out of reach. */
export function preferredFamily(addresses: readonly string[]): readonly string[] {
  const v4 = addresses.filter((address) => !address.includes(':'))
  return v4.length > 0 ? v4 : addresses
}
