import { expandServiceHost, serviceHost } from '@weft/mesh-protocol'
import type { KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
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
  let read: Rules | undefined
  const rules = (): Rules => (read ??= rulesOf(rulesAfter(model, added), model.domain))
  return {
    hasHost: (host) => covers(host) || wildcardsOver(host).some(covers),
    hasSubset: (host, subset) =>
      rules().exact.get(host)?.has(subset) === true ||
      rules().wildcards.some((rule) => host.endsWith(rule.suffix) && rule.subsets.has(subset)),
    hasRule: (host) => rules().exact.has(host) || rules().wildcards.some(({ suffix }) => host.endsWith(suffix)),
    registeredPorts: (host) => model.services.get(host)?.ports,
    hasDelegate(namespace, name) {
      const isNamed = ({ kind, metadata }: ConfigResource): boolean =>
        kind === 'VirtualService' && metadata.namespace === namespace && metadata.name === name
      const found = added.find(isNamed) ?? model.virtualServices.find(isNamed)
      return found !== undefined && isDelegate(found)
    },
  }
}

/** `*.b.c` and `*.c` for `a.b.c`, the nearest first: what a ServiceEntry may have that stands for it. */
export function wildcardsOver(host: string): string[] {
  const labels = host.split('.')
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)
}

interface Rules {
  /** Names of subsets by fully qualified host. */
  readonly exact: ReadonlyMap<string, ReadonlySet<string>>
  readonly wildcards: readonly { readonly suffix: string; readonly subsets: ReadonlySet<string> }[]
}

/** What is added takes the place of what is stored under its name. */
function rulesAfter(model: Model, added: readonly ConfigResource[]): readonly ConfigResource[] {
  const rules = added.filter(({ kind }) => kind === 'DestinationRule')
  const replaced = new Set(rules.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
  const kept = model.destinationRules.filter(({ metadata }) => !replaced.has(`${metadata.namespace}/${metadata.name}`))
  return [...kept, ...rules]
}

function rulesOf(rules: readonly ConfigResource[], domain: string): Rules {
  const exact = new Map<string, Set<string>>()
  const wildcards: Rules['wildcards'][number][] = []
  for (const { spec, metadata } of rules) {
    const { host, subsets = [] } = spec as { readonly host: string; readonly subsets?: readonly { name: string }[] }
    const names = subsets.map(({ name }) => name)
    if (host.startsWith('*')) {
      wildcards.push({ suffix: host.slice(1), subsets: new Set(names) })
      continue
    }
    const full = expandServiceHost(host, metadata.namespace, domain)
    exact.set(full, new Set([...(exact.get(full) ?? []), ...names]))
  }
  return { exact, wildcards }
}
