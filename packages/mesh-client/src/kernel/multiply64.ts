/*
 * Arithmetic on 64 bits in two halves of 32, each a signed or unsigned 32-bit integer: only the bits count.
 */

/** The upper half of the product of two lower halves. */
export function productHigh(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0
  const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0
  return (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0
}

/** The upper half of a product, modulo 2^64; its lower half is `Math.imul(aLo, bLo)`. */
export function multiplyHigh(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return (productHigh(aLo, bLo) + Math.imul(aHi, bLo) + Math.imul(aLo, bHi)) | 0
}

/** 1 where the sum of two lower halves, which is `sum`, has gone over 2^32. */
export function carry(sum: number, summand: number): number {
  return sum >>> 0 < summand >>> 0 ? 1 : 0
}
