import type { MaglevConfig } from '@weft/mesh-protocol'
import { type Hash64, hashModulo } from '../kernel/hash64.ts'
import { TextBytes } from '../kernel/text-bytes.ts'
import { Xxh64 } from '../kernel/xxhash64.ts'
import type { HashTable, TableBuild } from './hash-table.ts'
import type { HostWeights } from './host-weights.ts'
import type { BalancedHost } from './picker.ts'

/** So many steps are made between two moments at which the build may be laid down. */
const STRIDE = 2_048

/** Of a slot; the others hold one more than the index of a host. */
const EMPTY = 0

type Slots = Uint16Array | Uint32Array

/**
 * A table of a prime size in which every host takes its turn to fill the next slot of its own order, hosts of less weight
 * fewer turns. More even than a ring, and less is moved when a host goes. Envoy `maglev_lb.cc`, Maglev (NSDI 2016) 3.4.
 *
 * The hosts have to come in the order of their ids: it decides who fills first.
 */
export function* buildMaglev<H extends BalancedHost>(weights: HostWeights<H>, config: MaglevConfig): TableBuild<H> {
  const { hosts } = weights
  const { tableSize } = config
  if (hosts.length === 0) return new Maglev(hosts, new Uint16Array(0))
  const orders = yield* fillOrders(hosts, tableSize)
  const slots = hosts.length < 2 ** 16 ? new Uint16Array(tableSize) : new Uint32Array(tableSize)
  yield* fill(slots, weights, orders)
  return new Maglev(hosts, slots)
}

/** For each host where it wants to go next, and how far from there it goes if that is taken. */
interface FillOrders {
  readonly next: Uint32Array
  readonly skip: Uint32Array
}

function* fillOrders<H extends BalancedHost>(hosts: readonly H[], size: number): Generator<void, FillOrders> {
  const next = new Uint32Array(hosts.length)
  const skip = new Uint32Array(hosts.length)
  const key = new TextBytes()
  const hash = new Xxh64()
  for (let host = 0; host < hosts.length; host++) {
    key.set((hosts[host] as H).endpoint.id)
    hash.digest(key.view, key.length, 0, 0)
    next[host] = hashModulo(hash, size)
    hash.digest(key.view, key.length, 0, 1)
    skip[host] = size === 1 ? 0 : hashModulo(hash, size - 1) + 1
    if (host % (STRIDE / 8) === 0) yield
  }
  return { next, skip }
}

function* fill<H extends BalancedHost>(
  slots: Slots,
  { hosts, shares, maxShare }: HostWeights<H>,
  { next, skip }: FillOrders,
): Generator<void, void> {
  const size = slots.length
  const targets = new Float64Array(hosts.length)
  let filled = 0
  let steps = 0
  for (let round = 1; filled < size; round++) {
    for (let host = 0; host < hosts.length && filled < size; host++) {
      if (++steps >= STRIDE) {
        steps = 0
        yield
      }
      if (round * (shares[host] as number) < (targets[host] as number)) continue
      targets[host] = (targets[host] as number) + maxShare
      const step = skip[host] as number
      let slot = next[host] as number
      while (slots[slot] !== EMPTY) {
        slot += step
        if (slot >= size) slot -= size
        if (++steps >= STRIDE) {
          steps = 0
          yield
        }
      }
      slots[slot] = host + 1
      filled++
      next[host] = slot + step >= size ? slot + step - size : slot + step
    }
  }
}

class Maglev<H extends BalancedHost> implements HashTable<H> {
  readonly #hosts: readonly H[]
  readonly #slots: Slots

  constructor(hosts: readonly H[], slots: Slots) {
    this.#hosts = hosts
    this.#slots = slots
  }

  pick(hash: Hash64, attempt: number): H | undefined {
    const { length } = this.#slots
    if (length === 0) return undefined
    const slot = hashModulo(attempt > 0 ? turned(hash, attempt) : hash, length)
    return this.#hosts[(this.#slots[slot] as number) - 1]
  }
}

/** The hash xor 2^64 - attempt. */
function turned({ hi, lo }: Hash64, attempt: number): Hash64 {
  return { hi: ~hi >>> 0, lo: (lo ^ -attempt) >>> 0 }
}
