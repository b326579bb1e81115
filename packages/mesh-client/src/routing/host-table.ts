import { expandServiceHost, type HostIndex } from '@weft/mesh-protocol'
import type { HostTable } from './policy-view.ts'

/**
 * The hosts of an index as a client in `namespace` may name them: in full, by the shorter forms of a service
 * (see `hostAliases` of the protocol), with a dot at the end, in any case. An exact host comes before a wildcard and a
 * longer wildcard before a shorter one; a wildcard stands for at least one character (Envoy `config_impl.cc`, virtual
 * host search) and resolves to itself, which is the name of its routes.
 *
 * Nothing is expanded when the table is made: short names are put into their full form when they are looked up.
 */
export function createHostTable(index: HostIndex, namespace: string): HostTable {
  const exact = new Map<string, string>()
  const bySuffix = new Map<string, string>()
  for (const host of index.hosts) {
    const lower = host.toLowerCase()
    if (lower.startsWith('*.')) bySuffix.set(lower.slice(1), host)
    else exact.set(lower, host)
  }
  return {
    resolve(hostname) {
      const lower = hostname.toLowerCase()
      const name = lower.endsWith('.') ? lower.slice(0, -1) : lower
      return (
        exact.get(name) ??
        exact.get(expandServiceHost(name, namespace, index.domain)) ??
        (bySuffix.size === 0 ? undefined : byWildcard(bySuffix, name))
      )
    },
  }
}

function byWildcard(bySuffix: ReadonlyMap<string, string>, name: string): string | undefined {
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const host = bySuffix.get(name.slice(dot))
    if (host !== undefined) return host
  }
  return undefined
}
