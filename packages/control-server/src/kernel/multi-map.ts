/** Several values under one key, without duplicates. */
export class MultiMap<V> {
  private readonly sets = new Map<string, Set<V>>()

  add(key: string, value: V): void {
    const set = this.sets.get(key)
    if (set === undefined) this.sets.set(key, new Set([value]))
    else set.add(value)
  }

  delete(key: string, value: V): void {
    const set = this.sets.get(key)
    if (set?.delete(value) === true && set.size === 0) this.sets.delete(key)
  }

  get(key: string): ReadonlySet<V> {
    return this.sets.get(key) ?? new Set()
  }

  keys(): IterableIterator<string> {
    return this.sets.keys()
  }
}
