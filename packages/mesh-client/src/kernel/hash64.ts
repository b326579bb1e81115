import type { Random } from './random.ts'

/**
 * 64 unsigned bits as two halves: a BigInt costs an allocation and a slow operation at every step, and hashes are taken
 * on the way of requests.
 */
export interface Hash64 {
  /** The upper 32 bits, 0 to 2^32-1. */
  readonly hi: number
  /** The lower 32 bits, 0 to 2^32-1. */
  readonly lo: number
}

export const ZERO_HASH: Hash64 = { hi: 0, lo: 0 }

const HALF = 2 ** 32

/** The remainder of a division by a whole number from 1 to 2^32. */
export function hashModulo({ hi, lo }: Hash64, divisor: number): number {
  // 2^16 * 2^32 is exact in a number, 2^32 * 2^32 is not.
  const upper = ((hi % divisor) * 65_536 + (lo >>> 16)) % divisor
  return (upper * 65_536 + (lo & 0xffff)) % divisor
}

export function randomHash(random: Random): Hash64 {
  return { hi: Math.floor(random.next() * HALF), lo: Math.floor(random.next() * HALF) }
}

/** The former hash turned by one bit, xor the next one: so that two that are the same do not cancel each other out. */
export function combineHashes(former: Hash64, next: Hash64): Hash64 {
  const hi = ((former.hi << 1) | (former.lo >>> 31)) ^ next.hi
  const lo = ((former.lo << 1) | (former.hi >>> 31)) ^ next.lo
  return { hi: hi >>> 0, lo: lo >>> 0 }
}
