import type { CidrRange } from '@weft/mesh-protocol'
import type { AuthzRequest } from './authz-request.ts'
import { type IpAddress, parseIp, prefixKey } from './ip-address.ts'
import { type Entry, firstOf, put } from './text-index.ts'

/** A range ready for comparison. */
export interface Range {
  readonly isFour: boolean
  readonly bits: number
  readonly key: string | number
}

const MAPPED_BITS = 96

/** `undefined`: the text is no address. `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
export function compileRange({ addressPrefix, prefixLen }: CidrRange): Range | undefined {
  const address = parseIp(addressPrefix)
  if (address === undefined) return undefined
  const isFour = address.length === 1
  const bits = isFour && addressPrefix.includes(':') ? Math.max(0, prefixLen - MAPPED_BITS) : prefixLen
  return { isFour, bits, key: prefixKey(address, bits) }
}

export function isInRange(address: IpAddress | undefined, { isFour, bits, key }: Range): boolean {
  return address !== undefined && (address.length === 1) === isFour && prefixKey(address, bits) === key
}

interface Length<T> {
  readonly bits: number
  readonly byKey: Map<string | number, Entry<T>[]>
}

/** Entries by ranges of addresses. A look-up costs one step for each length of prefix that there is. */
export class CidrIndex<T> {
  readonly #four: Length<T>[] = []
  readonly #six: Length<T>[] = []

  add({ isFour, bits, key }: Range, entry: Entry<T>): void {
    const lengths = isFour ? this.#four : this.#six
    let length = lengths.find((known) => known.bits === bits)
    if (length === undefined) {
      length = { bits, byKey: new Map() }
      lengths.push(length)
    }
    put(length.byKey, key, entry)
  }

  /** An entry of a range that holds the address, and that holds itself. */
  find(address: IpAddress, request: AuthzRequest): Entry<T> | undefined {
    for (const { bits, byKey } of address.length === 1 ? this.#four : this.#six) {
      const found = firstOf(byKey.get(prefixKey(address, bits)), request)
      if (found !== undefined) return found
    }
    return undefined
  }
}
