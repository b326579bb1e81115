import type { Hash64 } from '../../packages/mesh-client/src/kernel/hash64.ts'

const HALF = 2n ** 32n

/** A hash from its decimal digits. */
export function hash64(digits: string | bigint): Hash64 {
  const value = BigInt(digits)
  return { hi: Number(value / HALF), lo: Number(value % HALF) }
}

export function decimal({ hi, lo }: Hash64): string {
  return String(BigInt(hi) * HALF + BigInt(lo))
}
