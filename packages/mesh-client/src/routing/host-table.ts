import { isIP } from 'node:net'
import { expandServiceHost, type HostIndex, isIpAddress } from '@weft/mesh-protocol'
import type { HostTable } from './policy-view.ts'
import { compileSubnets } from './subnets.ts'

/**
 * The hosts of an index as a client in `namespace` may name them: in full, by the shorter forms of a service
 * (see `hostAliases` of the protocol), with a dot at the end, in any case. An exact host comes before a wildcard and a
 * longer wildcard before a shorter one; a wildcard stands for at least one character (Envoy `config_impl.cc`, virtual
 * host search) and resolves to itself, which is the name of its routes. An address that lies in a virtual subnet resolves to
 * the narrowest.
 *
 * Nothing is expanded when the table is made: short names are put into their full form when they are looked up.
 */
export function createHostTable(index: HostIndex, namespace: string): HostTable {
  const { exact, bySuffix, odd, subnets } = sort(index.hosts)
  const findSubnet = subnets.length === 0 ? undefined : compileSubnets(subnets)
  const rest = (name: string): string | undefined => {
    if (findSubnet !== undefined && isIpAddress(name)) return findSubnet(name, isIP(name) === 6 ? 'ipv6' : 'ipv4')
    const found = bySuffix.size === 0 ? undefined : byWildcard(bySuffix, name)
    return odd.length === 0 ? found : longer(found, byOddWildcard(odd, name))
  }
  return {
    registryOnly: index.outboundTrafficPolicy === 'REGISTRY_ONLY',
    resolve(hostname) {
      const lower = hostname.toLowerCase()
      const name = lower.endsWith('.') ? lower.slice(0, -1) : lower.startsWith('[') ? lower.slice(1, -1) : lower
      return exact.get(name) ?? exact.get(expandServiceHost(name, namespace, index.domain)) ?? rest(name)
    },
  }
}

interface SortedHosts {
  readonly exact: ReadonlyMap<string, string>
  /** Wildcards of whole labels by what follows the asterisk. */
  readonly bySuffix: ReadonlyMap<string, string>
  /** Wildcards within a label, `*-api.example.com`, the longest first. */
  readonly odd: readonly string[]
  readonly subnets: readonly string[]
}

function sort(hosts: readonly string[]): SortedHosts {
  const exact = new Map<string, string>()
  const bySuffix = new Map<string, string>()
  const odd: string[] = []
  const subnets: string[] = []
  for (const host of hosts) {
    const lower = host.toLowerCase()
    if (lower.startsWith('*.')) bySuffix.set(lower.slice(1), host)
    else if (lower.startsWith('*')) odd.push(host)
    else if (lower.includes('/')) subnets.push(host)
    else exact.set(lower, host)
  }
  return { exact, bySuffix, odd: odd.sort((a, b) => b.length - a.length), subnets }
}

function longer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.length > a.length ? b : a
}

function byOddWildcard(hosts: readonly string[], name: string): string | undefined {
  return hosts.find((host) => name.length >= host.length && name.endsWith(host.slice(1).toLowerCase()))
}

function byWildcard(bySuffix: ReadonlyMap<string, string>, name: string): string | undefined {
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const host = bySuffix.get(name.slice(dot))
    if (host !== undefined) return host
  }
  return undefined
}
