import type { RingHashConfig } from '@weft/mesh-protocol'
import type { ByteHash } from '../kernel/byte-hash.ts'
import type { Hash64 } from '../kernel/hash64.ts'
import { MURMUR_SEED_LO, MurmurHash2 } from '../kernel/murmur-hash2.ts'
import { TextBytes } from '../kernel/text-bytes.ts'
import { Xxh64 } from '../kernel/xxhash64.ts'
import type { HashTable, TableBuild } from './hash-table.ts'
import type { HostWeights } from './host-weights.ts'
import type { BalancedHost } from './picker.ts'
import { RingEntries, sortRing } from './ring-entries.ts'

/** So many entries are made between two moments at which the build may be laid down. */
const STRIDE = 256

/**
 * A ring with several entries for each host, at `hash(id + "_" + i)`; a request goes to the first entry at or after its
 * own hash. The least host gets a whole number of entries, the others in proportion. Envoy `ring_hash_lb.cc`.
 */
export function* buildRing<H extends BalancedHost>(weights: HostWeights<H>, config: RingHashConfig): TableBuild<H> {
  const unsorted = yield* hashedEntries(weights, config)
  return new Ring(weights.hosts, yield* sortRing(unsorted))
}

/** How many entries there are for a share of 1; not always whole. */
function ringScale(minShare: number, { minimumRingSize, maximumRingSize }: RingHashConfig): number {
  return Math.min(Math.ceil(minShare * minimumRingSize) / minShare, maximumRingSize)
}

function* hashedEntries<H extends BalancedHost>(
  { hosts, shares, minShare }: HostWeights<H>,
  config: RingHashConfig,
): Generator<void, RingEntries> {
  const scale = ringScale(minShare, config)
  const entries = RingEntries.ofLength(hosts.length === 0 ? 0 : Math.ceil(scale) + 1)
  const key = new TextBytes()
  const murmur = config.hashFunction === 'MURMUR_HASH_2'
  const hash: ByteHash = murmur ? new MurmurHash2() : new Xxh64()
  const seed = murmur ? MURMUR_SEED_LO : 0
  let made = 0
  let target = 0
  for (let host = 0; host < hosts.length; host++) {
    key.set(`${(hosts[host] as H).endpoint.id}_`)
    const prefix = key.length
    target += scale * (shares[host] as number)
    for (let number = 0; made < target; number++) {
      key.setDecimal(prefix, number)
      hash.digest(key.view, key.length, 0, seed)
      entries.set(made++, hash.hi, hash.lo, host)
      if (made % STRIDE === 0) yield
    }
    if (host % STRIDE === 0) yield
  }
  return entries.first(made)
}

class Ring<H extends BalancedHost> implements HashTable<H> {
  readonly #hosts: readonly H[]
  readonly #entries: RingEntries

  constructor(hosts: readonly H[], entries: RingEntries) {
    this.#hosts = hosts
    this.#entries = entries
  }

  pick(hash: Hash64, attempt: number): H | undefined {
    const { length } = this.#entries
    if (length === 0) return undefined
    return this.#hosts[this.#entries.hostAt((this.#entries.firstFrom(hash) + attempt) % length)]
  }
}
