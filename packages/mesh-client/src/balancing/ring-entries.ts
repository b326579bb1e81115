import type { Hash64 } from '../kernel/hash64.ts'

const HALF = 2 ** 32

/** So many entries are moved between two moments at which sorting may be laid down. */
const STRIDE = 4_096

/** Hashes with the index of the host that each leads to, 12 bytes each. */
export class RingEntries {
  readonly hi: Uint32Array
  readonly lo: Uint32Array
  readonly host: Uint32Array

  constructor(hi: Uint32Array, lo: Uint32Array, host: Uint32Array) {
    this.hi = hi
    this.lo = lo
    this.host = host
  }

  static ofLength(length: number): RingEntries {
    return new RingEntries(new Uint32Array(length), new Uint32Array(length), new Uint32Array(length))
  }

  get length(): number {
    return this.hi.length
  }

  set(at: number, hi: number, lo: number, host: number): void {
    this.hi[at] = hi
    this.lo[at] = lo
    this.host[at] = host
  }

  hostAt(at: number): number {
    return this.host[at] as number
  }

  /** Of sorted entries: the index of the first whose hash is at least this one, and 0 where there is none. */
  firstFrom(hash: Hash64): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBelow(middle, hash.hi, hash.lo)) low = middle + 1
      else high = middle
    }
    return low === this.length ? 0 : low
  }

  /** The first so many of them. */
  first(length: number): RingEntries {
    if (length === this.length) return this
    return new RingEntries(this.hi.subarray(0, length), this.lo.subarray(0, length), this.host.subarray(0, length))
  }

  #isBelow(at: number, hi: number, lo: number): boolean {
    const own = this.hi[at] as number
    return own < hi || (own === hi && (this.lo[at] as number) < lo)
  }
}

/**
 * Sorts by hash. Hashes spread evenly, so that each is first put into the bucket where it will end up or nearly so, and
 * then into its place: a time in proportion to the number, and no step that could not be laid down.
 */
export function* sortRing(unsorted: RingEntries): Generator<void, RingEntries> {
  const { length, hi } = unsorted
  if (length < 2) return unsorted
  const ends = new Uint32Array(length)
  for (let at = 0; at < length; at++) {
    const bucket = bucketOf(hi[at] as number, length)
    ends[bucket] = (ends[bucket] as number) + 1
    if (at % STRIDE === 0) yield
  }
  for (let bucket = 1; bucket < length; bucket++) {
    ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number)
    if (bucket % STRIDE === 0) yield
  }
  const sorted = RingEntries.ofLength(length)
  // From the last on, so that of equal hashes the one that was first stays so.
  for (let at = length - 1; at >= 0; at--) {
    const bucket = bucketOf(hi[at] as number, length)
    const place = (ends[bucket] as number) - 1
    ends[bucket] = place
    sorted.set(place, hi[at] as number, unsorted.lo[at] as number, unsorted.host[at] as number)
    if (at % STRIDE === 0) yield
  }
  for (let at = 1; at < length; at++) {
    insert(sorted, at)
    if (at % STRIDE === 0) yield
  }
  return sorted
}

function bucketOf(hi: number, buckets: number): number {
  return Math.floor((hi / HALF) * buckets)
}

/** Puts an entry into its place among those before it. */
function insert(entries: RingEntries, from: number): void {
  const hi = entries.hi[from] as number
  const lo = entries.lo[from] as number
  const host = entries.host[from] as number
  let at = from
  while (at > 0) {
    const before = entries.hi[at - 1] as number
    if (before < hi || (before === hi && (entries.lo[at - 1] as number) <= lo)) break
    entries.set(at, before, entries.lo[at - 1] as number, entries.host[at - 1] as number)
    at--
  }
  if (at !== from) entries.set(at, hi, lo, host)
}
