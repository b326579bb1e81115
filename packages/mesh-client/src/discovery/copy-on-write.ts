/** A map that is copied at its first change, so that what nobody changes stays the same object. */
export class CopyOnWriteMap<V> {
  #map: ReadonlyMap<string, V>
  #own: Map<string, V> | undefined

  constructor(source: ReadonlyMap<string, V>) {
    this.#map = source
  }

  get(key: string): V | undefined {
    return this.#map.get(key)
  }

  has(key: string): boolean {
    return this.#map.has(key)
  }

  get size(): number {
    return this.#map.size
  }

  /** A list, so that the map may be changed on the way. */
  entries(): readonly (readonly [string, V])[] {
    return [...this.#map]
  }

  set(key: string, value: V): void {
    if (this.#map.get(key) !== value) this.#writable().set(key, value)
  }

  delete(key: string): void {
    if (this.#map.has(key)) this.#writable().delete(key)
  }

  /** The map as it is now: the source itself where nothing was changed. Ends the writing. */
  get result(): ReadonlyMap<string, V> {
    return this.#map
  }

  #writable(): Map<string, V> {
    if (this.#own === undefined) {
      this.#own = new Map(this.#map)
      this.#map = this.#own
    }
    return this.#own
  }
}
