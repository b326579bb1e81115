import type { ByteHash } from './byte-hash.ts'
import { carry, multiplyHigh } from './multiply64.ts'

const P1_HI = 0x9e3779b1
const P1_LO = 0x85ebca87
const P2_HI = 0xc2b2ae3d
const P2_LO = 0x27d4eb4f
const P3_HI = 0x165667b1
const P3_LO = 0x9e3779f9
const P4_HI = 0x85ebca77
const P4_LO = 0xc2b2ae63
const P5_HI = 0x27d4eb2f
const P5_LO = 0x165667c5

/** Bytes that are taken in at once, eight for each of four lanes. */
const STRIPE = 32

/** XXH64 of the xxHash specification, in 32-bit arithmetic. Known answers: Envoy `hash_test.cc`. */
export class Xxh64 implements ByteHash {
  hi = 0
  lo = 0
  /** The lanes while stripes are read: upper and lower half in turn. */
  readonly #lanes = new Int32Array(8)

  digest(bytes: DataView, length: number, seedHi: number, seedLo: number): void {
    let at = 0
    if (length >= STRIPE) {
      at = this.#stripes(bytes, length, seedHi, seedLo)
      this.#joinLanes()
    } else {
      this.#set(seedHi, seedLo)
      this.#add(P5_HI, P5_LO)
    }
    this.#add(0, length)
    for (; at + 8 <= length; at += 8) this.#word(bytes.getInt32(at + 4, true), bytes.getInt32(at, true))
    if (at + 4 <= length) {
      this.#halfWord(bytes.getInt32(at, true))
      at += 4
    }
    for (; at < length; at++) this.#byte(bytes.getUint8(at))
    this.#avalanche()
  }

  #set(hi: number, lo: number): void {
    this.hi = hi | 0
    this.lo = lo | 0
  }

  #add(hi: number, lo: number): void {
    const sum = (this.lo + lo) | 0
    this.hi = (this.hi + hi + carry(sum, lo)) | 0
    this.lo = sum
  }

  #multiply(hi: number, lo: number): void {
    this.hi = multiplyHigh(this.hi, this.lo, hi, lo)
    this.lo = Math.imul(this.lo, lo)
  }

  /** By 1 to 31 bits to the left. */
  #rotate(bits: number): void {
    const { hi, lo } = this
    this.hi = (hi << bits) | (lo >>> (32 - bits))
    this.lo = (lo << bits) | (hi >>> (32 - bits))
  }

  #stripes(bytes: DataView, length: number, seedHi: number, seedLo: number): number {
    const lanes = this.#lanes
    this.#startLane(0, seedHi, seedLo, (P1_HI + P2_HI + carry((P1_LO + P2_LO) | 0, P1_LO)) | 0, (P1_LO + P2_LO) | 0)
    this.#startLane(1, seedHi, seedLo, P2_HI, P2_LO)
    this.#startLane(2, seedHi, seedLo, 0, 0)
    this.#startLane(3, seedHi, seedLo, ~P1_HI, -P1_LO | 0)
    let at = 0
    for (; at + STRIPE <= length; at += STRIPE) {
      for (let lane = 0; lane < 4; lane++) {
        const word = at + 8 * lane
        this.#set(lanes[2 * lane] as number, lanes[2 * lane + 1] as number)
        this.#round(bytes.getInt32(word + 4, true), bytes.getInt32(word, true))
        lanes[2 * lane] = this.hi
        lanes[2 * lane + 1] = this.lo
      }
    }
    return at
  }

  #startLane(lane: number, seedHi: number, seedLo: number, hi: number, lo: number): void {
    this.#set(seedHi, seedLo)
    this.#add(hi, lo)
    this.#lanes[2 * lane] = this.hi
    this.#lanes[2 * lane + 1] = this.lo
  }

  /** This = rotate(this + word * P2, 31) * P1. */
  #round(hi: number, lo: number): void {
    this.#add(multiplyHigh(hi, lo, P2_HI, P2_LO), Math.imul(lo, P2_LO))
    this.#rotate(31)
    this.#multiply(P1_HI, P1_LO)
  }

  #joinLanes(): void {
    const lanes = this.#lanes
    let hi = 0
    let lo = 0
    for (const [lane, bits] of [1, 7, 12, 18].entries()) {
      this.#set(lanes[2 * lane] as number, lanes[2 * lane + 1] as number)
      this.#rotate(bits)
      this.#add(hi, lo)
      hi = this.hi
      lo = this.lo
    }
    for (let lane = 0; lane < 4; lane++) this.#mix(lanes[2 * lane] as number, lanes[2 * lane + 1] as number)
  }

  /** This = (this ^ round(0, value)) * P1 + P4. */
  #mix(valueHi: number, valueLo: number): void {
    const { hi, lo } = this
    this.#set(0, 0)
    this.#round(valueHi, valueLo)
    this.#set(this.hi ^ hi, this.lo ^ lo)
    this.#multiply(P1_HI, P1_LO)
    this.#add(P4_HI, P4_LO)
  }

  /** As {@link #mix}, with a turn before the product. */
  #word(valueHi: number, valueLo: number): void {
    const { hi, lo } = this
    this.#set(0, 0)
    this.#round(valueHi, valueLo)
    this.#set(this.hi ^ hi, this.lo ^ lo)
    this.#rotate(27)
    this.#multiply(P1_HI, P1_LO)
    this.#add(P4_HI, P4_LO)
  }

  #halfWord(value: number): void {
    this.#set(this.hi ^ multiplyHigh(0, value, P1_HI, P1_LO), this.lo ^ Math.imul(value, P1_LO))
    this.#rotate(23)
    this.#multiply(P2_HI, P2_LO)
    this.#add(P3_HI, P3_LO)
  }

  #byte(value: number): void {
    this.#set(this.hi ^ multiplyHigh(0, value, P5_HI, P5_LO), this.lo ^ Math.imul(value, P5_LO))
    this.#rotate(11)
    this.#multiply(P1_HI, P1_LO)
  }

  #avalanche(): void {
    this.lo ^= this.hi >>> 1
    this.#multiply(P2_HI, P2_LO)
    this.#set(this.hi ^ (this.hi >>> 29), this.lo ^ ((this.lo >>> 29) | (this.hi << 3)))
    this.#multiply(P3_HI, P3_LO)
    this.lo = (this.lo ^ this.hi) >>> 0
    this.hi >>>= 0
  }
}
