import { expandServiceHost, serviceHost } from '@weft/mesh-protocol'
import { HostSet } from '../config/host-set.ts'
import type { KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { DestinationRuleSpec } from '../config/spec/destination-rule.ts'
import type { ServiceEntrySpec } from '../config/spec/service-entry.ts'

/** The hosts and subsets that resources give by themselves, where no server can tell what is registered. */
export function hostsInResources(resources: readonly ConfigResource[], domain: string): KnownHosts {
  const hosts = new HostSet(resources.flatMap((resource) => hostsOf(resource, domain)))
  const subsets = new Map<string, HostSet>()
  for (const [name, ruled] of subsetHosts(resources, domain)) subsets.set(name, new HostSet(ruled))
  return {
    hasHost: (host) => hosts.covers(host),
    hasSubset: (host, subset) => subsets.get(subset)?.covers(host) === true,
  }
}

function hostsOf({ kind, metadata: { name, namespace }, spec }: ConfigResource, domain: string): readonly string[] {
  if (kind === 'Service') return [serviceHost(name, namespace, domain)]
  return kind === 'ServiceEntry' ? (spec as unknown as ServiceEntrySpec).hosts.map((host) => host.toLowerCase()) : []
}

/** By name of the subset, the hosts that have it. */
function subsetHosts(resources: readonly ConfigResource[], domain: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { kind, metadata, spec } of resources) {
    if (kind !== 'DestinationRule') continue
    const { host, subsets = [] } = spec as unknown as DestinationRuleSpec
    const full = host.startsWith('*') ? host : expandServiceHost(host, metadata.namespace, domain)
    for (const { name } of subsets) found.set(name, [...(found.get(name) ?? []), full])
  }
  return found
}
