import { expandServiceHost, serviceHost } from '@weft/mesh-protocol'
import type { KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { Model } from './model.ts'

/** What the mesh will have once these resources are stored in it. */
export function knownHosts(model: Model, added: readonly ConfigResource[]): KnownHosts {
  const services = added.filter(({ kind }) => kind === 'Service')
  const hosts = new Set(services.map(({ metadata }) => serviceHost(metadata.name, metadata.namespace, model.domain)))
  const rules = [...model.destinationRules, ...added.filter(({ kind }) => kind === 'DestinationRule')]
  return {
    hasHost: (host) => hosts.has(host) || model.services.has(host),
    hasSubset: (host, subset) => rules.some((rule) => givesSubset(rule, host, subset, model.domain)),
  }
}

function givesSubset({ spec, metadata }: ConfigResource, host: string, subset: string, domain: string): boolean {
  const subsets = Array.isArray(spec.subsets) ? (spec.subsets as readonly { readonly name: string }[]) : []
  if (typeof spec.host !== 'string' || !subsets.some(({ name }) => name === subset)) return false
  const named = spec.host.startsWith('*') ? spec.host : expandServiceHost(spec.host, metadata.namespace, domain)
  return named === host || (named.startsWith('*') && host.endsWith(named.slice(1)))
}
