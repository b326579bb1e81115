import { hash } from 'node:crypto'

/** A version made from content: equal content has the same one on every server and after every restart. 96 bits. */
export function contentVersion(content: string): string {
  return hash('sha256', content, 'base64url').slice(0, 16)
}

/** A hash that can be added to and taken from a sum. Two whole numbers below {@link LANE}. */
export interface ItemHash {
  readonly high: number
  readonly low: number
}

/** Sums stay whole numbers in a double. */
const LANE = 2 ** 48

export function itemHash(content: string): ItemHash {
  const digest = hash('sha256', content, 'hex')
  return { high: Number.parseInt(digest.slice(0, 12), 16), low: Number.parseInt(digest.slice(12, 24), 16) }
}

/**
 * The hash of a set as the sum of its items': changing one item among ten thousand costs one addition, and the order in
 * which they came does not matter.
 */
export const EMPTY_SUM: ItemHash = { high: 0, low: 0 }

export function addHash(sum: ItemHash, item: ItemHash): ItemHash {
  return { high: (sum.high + item.high) % LANE, low: (sum.low + item.low) % LANE }
}

export function subtractHash(sum: ItemHash, item: ItemHash): ItemHash {
  return { high: (sum.high + LANE - item.high) % LANE, low: (sum.low + LANE - item.low) % LANE }
}

export function sumVersion(sum: ItemHash, size: number): string {
  return `${size.toString(36)}.${sum.high.toString(36)}.${sum.low.toString(36)}`
}
