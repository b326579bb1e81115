import type { Hash64 } from '../kernel/hash64.ts'
import { MersenneTwister, twisterInt } from '../kernel/mersenne-twister.ts'
import type { HashTable } from './hash-table.ts'
import type { HostWeights } from './host-weights.ts'
import type { BalancedHost } from './picker.ts'

/**
 * Keeps a table from giving one host more than its part: a host with more requests under way than
 * `balanceFactor` percent of its share is passed over for another, which for the same hash is always looked for in the
 * same order. Where all are over it, the least loaded one. Takes a time in proportion to the number of hosts.
 * Sources: Envoy `thread_aware_lb_impl.cc` `BoundedLoadHashingLoadBalancer`, arXiv 1608.01350 and 1908.08762.
 */
export class BoundedLoad<H extends BalancedHost> implements HashTable<H> {
  readonly #table: HashTable<H>
  readonly #hosts: readonly H[]
  readonly #shares: ReadonlyMap<H, number>
  readonly #balanceFactor: number

  /** @param balanceFactor In percent of the mean, above 100. */
  constructor(table: HashTable<H>, { hosts, shares }: HostWeights<H>, balanceFactor: number) {
    this.#table = table
    this.#hosts = hosts
    this.#shares = new Map(hosts.map((host, index) => [host, shares[index] as number]))
    this.#balanceFactor = balanceFactor
  }

  pick(hash: Hash64, attempt: number): H | undefined {
    const host = this.#table.pick(hash, attempt)
    if (host === undefined) return undefined
    const slots = totalSlots(this.#hosts, this.#balanceFactor)
    const load = this.#overload(host, slots)
    return load <= 1 ? host : this.#elsewhere(host, load, slots, hash)
  }

  #overload(host: H, slots: number): number {
    return overload(host.active, this.#shares.get(host) ?? 0, slots)
  }

  #elsewhere(first: H, firstLoad: number, slots: number, hash: Hash64): H {
    const order = Uint32Array.from(this.#hosts.keys())
    const twister = new MersenneTwister(hash.lo)
    let least = first
    let leastLoad = firstLoad
    for (let at = 0; at < order.length; at++) {
      const other = at + twisterInt(twister, order.length - at)
      const index = order[other] as number
      order[other] = order[at] as number
      order[at] = index
      const host = this.#hosts[index] as H
      if (host === first) continue
      const load = this.#overload(host, slots)
      if (load <= 1) return host
      if (load < leastLoad) {
        least = host
        leastLoad = load
      }
    }
    return least
  }
}

/** How many requests may be under way at all, with the one that is being placed. */
function totalSlots(hosts: readonly BalancedHost[], balanceFactor: number): number {
  let active = 0
  for (const host of hosts) active += host.active
  return Math.floor(((active + 1) * balanceFactor + 99) / 100)
}

/** Requests under way in proportion to those that may be; up to 1 is fine. */
export function overload(active: number, share: number, slots: number): number {
  return active / Math.max(Math.ceil(slots * share), 1)
}
