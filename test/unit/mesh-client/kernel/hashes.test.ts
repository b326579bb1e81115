import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combineHashes, hashModulo } from '../../../../packages/mesh-client/src/kernel/hash64.ts'
import { MURMUR_SEED_LO, MurmurHash2 } from '../../../../packages/mesh-client/src/kernel/murmur-hash2.ts'
import { TextBytes } from '../../../../packages/mesh-client/src/kernel/text-bytes.ts'
import { TextHash } from '../../../../packages/mesh-client/src/kernel/text-hash.ts'
import { Xxh64 } from '../../../../packages/mesh-client/src/kernel/xxhash64.ts'
import { decimal, hash64 } from '../../../support/hash64.ts'

/** XXH64 as its specification writes it down, slow and plain. */
function specified(bytes: Uint8Array, seed: bigint): bigint {
  const [p1, p2, p3] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n]
  const [p4, p5] = [0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n]
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
  const rotate = (value: bigint, bits: bigint): bigint => u64((value << bits) | (value >> (64n - bits)))
  const round = (lane: bigint, word: bigint): bigint => u64(rotate(u64(lane + word * p2), 31n) * p1)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  let hash = u64(seed + p5)
  if (bytes.length >= 32) {
    let lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map(u64)
    for (; at + 32 <= bytes.length; at += 32) {
      const from = at
      lanes = lanes.map((lane, index) => round(lane, view.getBigUint64(from + 8 * index, true)))
    }
    const turns = [1n, 7n, 12n, 18n]
    hash = u64(lanes.reduce((sum, lane, index) => sum + rotate(lane, turns[index] as bigint), 0n))
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * p1 + p4)
  }
  hash = u64(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8) {
    hash = u64(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4)
  }
  if (at + 4 <= bytes.length) {
    hash = u64(rotate(hash ^ u64(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3)
    at += 4
  }
  for (; at < bytes.length; at++) hash = u64(rotate(hash ^ u64(BigInt(bytes[at] as number) * p5), 11n) * p1)
  hash = u64((hash ^ (hash >> 33n)) * p2)
  hash = u64((hash ^ (hash >> 29n)) * p3)
  return hash ^ (hash >> 32n)
}

const anyHash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('XXH64 is that of its specification for any bytes and seed', () => {
  const hash = new Xxh64()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), anyHash, (bytes, seed) => {
      const { hi, lo } = hash64(seed)
      hash.digest(new DataView(Uint8Array.from(bytes).buffer), bytes.length, hi, lo)
      expect(decimal(hash)).toBe(String(specified(Uint8Array.from(bytes), seed)))
    }),
    { numRuns: 500 },
  )
})

/** MurmurHash2 for 64 bits, as libstdc++ has it, slow and plain. */
function specifiedMurmur(bytes: Uint8Array, seed: bigint): bigint {
  const multiplier = 0xc6a4a7935bd1e995n
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
  const mixed = (value: bigint): bigint => value ^ (value >> 47n)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let hash = u64(seed ^ u64(BigInt(bytes.length) * multiplier))
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    const word = u64(mixed(u64(view.getBigUint64(at, true) * multiplier)) * multiplier)
    hash = u64((hash ^ word) * multiplier)
  }
  if (at < bytes.length) {
    let rest = 0n
    for (let byte = bytes.length - 1; byte >= at; byte--) rest = (rest << 8n) + BigInt(bytes[byte] as number)
    hash = u64((hash ^ rest) * multiplier)
  }
  return mixed(u64(mixed(hash) * multiplier))
}

test('MurmurHash2 is that of libstdc++ for any bytes', () => {
  const hash = new MurmurHash2()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const copy = Uint8Array.from(bytes)
      hash.digest(new DataView(copy.buffer), copy.length, 0, MURMUR_SEED_LO)
      expect(decimal(hash)).toBe(String(specifiedMurmur(copy, 0xc70f6907n)))
    }),
    { numRuns: 300 },
  )
})

test('a text is hashed as UTF-8, one after the other', () => {
  const hash = new TextHash()
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(decimal(hash.of(text))).toBe(String(specified(new TextEncoder().encode(text), 0n)))
    }),
  )
})

test('the remainder of a hash is that of the whole number', () => {
  fc.assert(
    fc.property(anyHash, fc.integer({ min: 1, max: 2 ** 32 }), (value, divisor) => {
      expect(hashModulo(hash64(value), divisor)).toBe(Number(value % BigInt(divisor)))
    }),
  )
})

test('hashes are combined by a turn of one bit and an xor', () => {
  fc.assert(
    fc.property(anyHash, anyHash, (former, next) => {
      const turned = BigInt.asUintN(64, (former << 1n) | (former >> 63n))
      expect(decimal(combineHashes(hash64(former), hash64(next)))).toBe(String(turned ^ next))
    }),
  )
})

test('digits take the place of what stood there', () => {
  const bytes = new TextBytes()
  bytes.set('10.0.0.1:80_')
  const prefix = bytes.length
  for (const number of [0, 9, 10, 99, 100, 8_388_608, 7]) {
    bytes.setDecimal(prefix, number)
    expect(Buffer.from(bytes.view.buffer as ArrayBuffer, 0, bytes.length).toString()).toBe(`10.0.0.1:80_${number}`)
  }
})
