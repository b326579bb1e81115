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

/** The remainder of a division by a whole number from 1 to 2^21. */
export function hashModulo({ hi, lo }: Hash64, divisor: number): number {
  const upper = ((hi % divisor) * 65_536 + (lo >>> 16)) % divisor
  return (upper * 65_536 + (lo & 0xffff)) % divisor
}
