import { PersistentMap } from '../kernel/persistent-map.ts'
import type { MeshService } from './model.ts'

/** Which hosts have a virtual address. */
export class AddressIndex {
  private readonly byHost = new Map<string, readonly string[]>()
  private byAddress = PersistentMap.empty<readonly string[]>()

  /** Hosts by address or subnet, in the order of their names. */
  get hosts(): PersistentMap<readonly string[]> {
    return this.byAddress
  }

  /** Takes every definition of some hosts, and returns the addresses of which that may say something else. */
  set(definitions: Iterable<readonly [host: string, definitions: readonly MeshService[]]>): ReadonlySet<string> {
    const touched = new Set<string>()
    const changed = new Map<string, Set<string>>()
    const hostsAt = (address: string): Set<string> => {
      const hosts = changed.get(address) ?? new Set(this.byAddress.get(address))
      changed.set(address, hosts)
      return hosts
    }
    for (const [host, services] of definitions) {
      const before = this.byHost.get(host) ?? []
      const now = [...new Set(services.flatMap(({ addresses = [] }) => addresses))]
      for (const address of before) if (!now.includes(address)) hostsAt(address).delete(host)
      for (const address of now) if (!before.includes(address)) hostsAt(address).add(host)
      for (const address of [...before, ...now]) touched.add(address)
      if (now.length === 0) this.byHost.delete(host)
      else this.byHost.set(host, now)
    }
    this.byAddress = this.byAddress.with(
      [...changed].map(([address, hosts]) => [address, hosts.size === 0 ? undefined : [...hosts].sort()]),
    )
    return touched
  }
}
