/** Entries a shard holds on average before the map is spread over more of them. */
const SHARD_SIZE = 64

/**
 * An immutable map that shares all but a few entries with the map it was made from, so that changing one of ten thousand
 * copies some sixty. Iteration is in no particular order, but the same for the same history.
 */
export class PersistentMap<V> implements ReadonlyMap<string, V> {
  readonly size: number
  private readonly shards: readonly ReadonlyMap<string, V>[]

  private constructor(shards: readonly ReadonlyMap<string, V>[], size: number) {
    this.shards = shards
    this.size = size
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>([new Map()], 0)
  }

  /** A map with these entries set, or removed where the value is `undefined`. */
  with(changes: Iterable<readonly [string, V | undefined]>): PersistentMap<V> {
    const shards = [...this.shards]
    const copied = new Set<number>()
    let size = this.size
    for (const [key, value] of changes) {
      const index = shardOf(key, shards.length)
      if (!copied.has(index)) {
        shards[index] = new Map(shards[index])
        copied.add(index)
      }
      const shard = shards[index] as Map<string, V>
      size -= shard.size
      if (value === undefined) shard.delete(key)
      else shard.set(key, value)
      size += shard.size
    }
    if (copied.size === 0) return this
    const changed = new PersistentMap(shards, size)
    return size > shards.length * SHARD_SIZE ? changed.spread() : changed
  }

  get(key: string): V | undefined {
    return this.shards[shardOf(key, this.shards.length)]?.get(key)
  }

  has(key: string): boolean {
    return this.shards[shardOf(key, this.shards.length)]?.has(key) === true
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this)
  }

  *entries(): Generator<[string, V], undefined> {
    for (const shard of this.shards) yield* shard
  }

  *keys(): Generator<string, undefined> {
    for (const shard of this.shards) yield* shard.keys()
  }

  *values(): Generator<V, undefined> {
    for (const shard of this.shards) yield* shard.values()
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries()
  }

  private spread(): PersistentMap<V> {
    const count = Math.ceil(this.size / SHARD_SIZE) * 4
    const shards = Array.from({ length: count }, () => new Map<string, V>())
    for (const [key, value] of this) shards[shardOf(key, count)]?.set(key, value)
    return new PersistentMap(shards, this.size)
  }
}

/** FNV-1a, 32 bits. */
function shardOf(key: string, count: number): number {
  if (count === 1) return 0
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % count
}
