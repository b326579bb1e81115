import { ChangeLog, type Changes, sizeOf } from './change-log.ts'
import { addHash, EMPTY_SUM, type ItemHash, subtractHash, sumVersion } from './content-hash.ts'
import { Payload, type PayloadFormat } from './payload.ts'

/** A member of a collection; the hash covers its whole content. */
export interface Item<T> {
  readonly id: string
  readonly value: T
  readonly hash: ItemHash
}

/**
 * A resource that is a set of items (the endpoints of an assignment, the hosts of the index) and travels as changes. Its
 * version follows from its content alone and is kept up step by step.
 */
export class Collection<T> {
  private readonly format: PayloadFormat<T>
  private log = new ChangeLog<T>()
  private seed: ItemHash
  private items = new Map<string, Item<T>>()
  private sum: ItemHash
  private payloads = new Map<string, Payload<T>>()
  private versionNow: string

  /** @param seed what the version depends on besides the items */
  constructor(format: PayloadFormat<T>, items: Iterable<Item<T>>, seed: ItemHash = EMPTY_SUM) {
    this.format = format
    this.seed = seed
    this.sum = seed
    this.versionNow = sumVersion(seed, 0)
    this.replace(items)
  }

  get version(): string {
    return this.versionNow
  }

  get size(): number {
    return this.items.size
  }

  /** Takes the items of a new state; an item that is the same object as before is not looked at. False: nothing changed. */
  replace(next: Iterable<Item<T>>): boolean {
    const items = new Map<string, Item<T>>()
    const upserts = new Map<string, T>()
    const removed = new Set<string>()
    for (const item of next) {
      if (items.has(item.id)) continue
      items.set(item.id, item)
      const old = this.items.get(item.id)
      if (old === item || (old !== undefined && sameHash(old.hash, item.hash))) continue
      if (old !== undefined) this.sum = subtractHash(this.sum, old.hash)
      this.sum = addHash(this.sum, item.hash)
      upserts.set(item.id, item.value)
    }
    for (const old of this.items.values()) {
      if (items.has(old.id)) continue
      this.sum = subtractHash(this.sum, old.hash)
      removed.add(old.id)
    }
    this.items = items
    return this.moved({ upserts, removed })
  }

  /** Another version of the same items, of which receivers are sent the whole. */
  reseed(seed: ItemHash): void {
    this.sum = addHash(subtractHash(this.sum, this.seed), seed)
    this.seed = seed
    this.log = new ChangeLog<T>()
    this.versionNow = sumVersion(this.sum, this.items.size)
    this.forgetPayloads()
  }

  /** Sets some items, or removes them (`undefined`); the others are not looked at. False: nothing changed. */
  patch(changes: Iterable<readonly [id: string, item: Item<T> | undefined]>): boolean {
    const upserts = new Map<string, T>()
    const removed = new Set<string>()
    for (const [id, item] of changes) {
      const old = this.items.get(id)
      if (item === old || (item !== undefined && old !== undefined && sameHash(old.hash, item.hash))) continue
      if (old !== undefined) this.sum = subtractHash(this.sum, old.hash)
      if (item === undefined) {
        this.items.delete(id)
        removed.add(id)
      } else {
        this.sum = addHash(this.sum, item.hash)
        this.items.set(id, item)
        upserts.set(id, item.value)
      }
    }
    return this.moved({ upserts, removed })
  }

  private moved(changes: Changes<T>): boolean {
    if (sizeOf(changes) === 0) return false
    const from = this.versionNow
    this.versionNow = sumVersion(this.sum, this.items.size)
    this.log.append(from, changes, this.items.size)
    this.forgetPayloads()
    return true
  }

  private forgetPayloads(): void {
    for (const payload of this.payloads.values()) payload.release()
    this.payloads = new Map()
  }

  /** What brings a receiver that holds `base` (`undefined`: nothing that can be built on) to the newest state. */
  payloadFrom(base: string | undefined): Payload<T> {
    const changes = base === undefined ? undefined : this.log.since(base)
    const from = changes !== undefined && sizeOf(changes) < this.items.size ? base : undefined
    const known = this.payloads.get(from ?? '')
    if (known !== undefined) return known
    const payload =
      from === undefined || changes === undefined
        ? new Payload(this.format, this.versionNow, undefined, this.values(), [])
        : new Payload(this.format, this.versionNow, from, [...changes.upserts.values()], [...changes.removed])
    this.payloads.set(from ?? '', payload)
    return payload
  }

  private values(): T[] {
    return Array.from(this.items.values(), ({ value }) => value)
  }
}

function sameHash(a: ItemHash, b: ItemHash): boolean {
  return a.high === b.high && a.low === b.low
}
