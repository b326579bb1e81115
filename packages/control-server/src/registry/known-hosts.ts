import { expandServiceHost, serviceHost } from '@weft/mesh-protocol'
import type { KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
import { MultiMap } from '../kernel/multi-map.ts'
import { isDelegate } from './delegating-hosts.ts'
import type { Model } from './model.ts'

/** What the mesh will have once these resources are stored in it. Subsets are looked through when the first is asked for. */
export function knownHosts(model: Model, added: readonly ConfigResource[]): KnownHosts {
  const services = added.filter(({ kind }) => kind === 'Service')
  const hosts = new Set(services.map(({ metadata }) => serviceHost(metadata.name, metadata.namespace, model.domain)))
  for (const { kind, spec } of added) {
    if (kind === 'ServiceEntry')
      for (const host of (spec as { readonly hosts?: readonly string[] }).hosts ?? []) hosts.add(host.toLowerCase())
  }
  const covers = (host: string): boolean => hosts.has(host) || model.services.has(host)
  let subsets: Subsets | undefined
  return {
    hasHost: (host) => covers(host) || wildcardsOver(host).some(covers),
    hasSubset(host, subset) {
      subsets ??= subsetsOf([...model.destinationRules, ...added.filter(isRule)], model.domain)
      return subsets.exact.get(host).has(subset) || subsets.wildcards.some((rule) => rule.gives(host, subset))
    },
    hasDelegate(namespace, name) {
      const isNamed = ({ kind, metadata }: ConfigResource): boolean =>
        kind === 'VirtualService' && metadata.namespace === namespace && metadata.name === name
      const found = added.find(isNamed) ?? model.virtualServices.find(isNamed)
      return found !== undefined && isDelegate(found)
    },
  }
}

/** `*.b.c` and `*.c` for `a.b.c`: what a ServiceEntry may have that stands for it. */
function wildcardsOver(host: string): string[] {
  const labels = host.split('.')
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
}

interface Subsets {
  /** Names by fully qualified host. */
  readonly exact: MultiMap<string>
  readonly wildcards: readonly { gives(host: string, subset: string): boolean }[]
}

const isRule = ({ kind }: ConfigResource): boolean => kind === 'DestinationRule'

function subsetsOf(rules: readonly ConfigResource[], domain: string): Subsets {
  const exact = new MultiMap<string>()
  const wildcards: Subsets['wildcards'][number][] = []
  for (const { spec, metadata } of rules) {
    const { host, subsets = [] } = spec as { readonly host: string; readonly subsets?: readonly { name: string }[] }
    const names = new Set(subsets.map(({ name }) => name))
    if (host.startsWith('*')) {
      const suffix = host.slice(1)
      wildcards.push({ gives: (named, subset) => named.endsWith(suffix) && names.has(subset) })
      continue
    }
    for (const name of names) exact.add(expandServiceHost(host, metadata.namespace, domain), name)
  }
  return { exact, wildcards }
}
