import type { ByteHash } from './byte-hash.ts'
import { multiplyHigh } from './multiply64.ts'

const M_HI = 0xc6a4a793
const M_LO = 0x5bd1e995

/** The seed of `std::hash` of libstdc++, which Envoy takes. */
export const MURMUR_SEED_LO = 0xc70f6907

/** The 64-bit MurmurHash2 of libstdc++ (`hash_bytes.cc`), in 32-bit arithmetic. Known answers: Envoy `hash_test.cc`. */
export class MurmurHash2 implements ByteHash {
  hi = 0
  lo = 0

  digest(bytes: DataView, length: number, seedHi: number, seedLo: number): void {
    this.hi = seedHi ^ multiplyHigh(0, length, M_HI, M_LO)
    this.lo = seedLo ^ Math.imul(length, M_LO)
    let at = 0
    for (; at + 8 <= length; at += 8) this.#word(bytes.getInt32(at + 4, true), bytes.getInt32(at, true))
    if (at < length) this.#rest(bytes, at, length)
    this.#shiftMix()
    this.#multiply()
    this.#shiftMix()
    this.hi >>>= 0
    this.lo >>>= 0
  }

  #word(valueHi: number, valueLo: number): void {
    const { hi, lo } = this
    this.hi = valueHi
    this.lo = valueLo
    this.#multiply()
    this.#shiftMix()
    this.#multiply()
    this.hi ^= hi
    this.lo ^= lo
    this.#multiply()
  }

  /** The 1 to 7 bytes at the end, least significant first. */
  #rest(bytes: DataView, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = bytes.getUint8(at)
      const place = at - from
      if (place < 4) this.lo ^= byte << (8 * place)
      else this.hi ^= byte << (8 * (place - 4))
    }
    this.#multiply()
  }

  #multiply(): void {
    this.hi = multiplyHigh(this.hi, this.lo, M_HI, M_LO)
    this.lo = Math.imul(this.lo, M_LO)
  }

  /** This ^= this >>> 47. */
  #shiftMix(): void {
    this.lo ^= this.hi >>> 15
  }
}
