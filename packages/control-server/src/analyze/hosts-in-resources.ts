import { expandServiceHost, serviceHost } from '@weft/mesh-protocol'
import { isWildcardHost } from '../config/host-name.ts'
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
  const ruled = new HostSet(destinationRules(resources, domain).map(({ host }) => host))
  return {
    hasHost: (host) => hosts.covers(host),
    hasSubset: (host, subset) => subsets.get(subset)?.covers(host) === true,
    hasRule: (host) => ruled.covers(host),
  }
}

function hostsOf({ kind, metadata: { name, namespace }, spec }: ConfigResource, domain: string): readonly string[] {
  if (kind === 'Service') return [serviceHost(name, namespace, domain)]
  return kind === 'ServiceEntry' ? (spec as unknown as ServiceEntrySpec).hosts.map((host) => host.toLowerCase()) : []
}

/** By name of the subset, the hosts that have it. */
function subsetHosts(resources: readonly ConfigResource[], domain: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { host, subsets = [] } of destinationRules(resources, domain))
    for (const { name } of subsets) found.set(name, [...(found.get(name) ?? []), host])
  return found
}

/** With their hosts in full. */
function destinationRules(resources: readonly ConfigResource[], domain: string): readonly DestinationRuleSpec[] {
  return resources
    .filter(({ kind }) => kind === 'DestinationRule')
    .map(({ metadata, spec: given }) => {
      const spec = given as unknown as DestinationRuleSpec
      return isWildcardHost(spec.host)
        ? spec
        : { ...spec, host: expandServiceHost(spec.host, metadata.namespace, domain) }
    })
}
