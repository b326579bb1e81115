import { expect } from 'vitest'
import type { ByteHash } from '../../../packages/mesh-client/src/kernel/byte-hash.ts'
import { MURMUR_SEED_LO, MurmurHash2 } from '../../../packages/mesh-client/src/kernel/murmur-hash2.ts'
import { TextBytes } from '../../../packages/mesh-client/src/kernel/text-bytes.ts'
import { TextHash } from '../../../packages/mesh-client/src/kernel/text-hash.ts'
import { Xxh64 } from '../../../packages/mesh-client/src/kernel/xxhash64.ts'
import { decimal } from '../../support/hash64.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface Row {
  readonly input: string
  readonly expected: string
}

interface Vectors {
  readonly xxh64_seed0: readonly Row[]
  readonly xxh64_chained: readonly { readonly inputs: readonly string[]; readonly expected: string }[]
  readonly murmur2: readonly Row[]
  readonly djb2_case_insensitive: readonly Row[]
  readonly derived: readonly {
    readonly input: string
    readonly xxh64: string
    readonly xxh64_seed1: string
    readonly murmur2: string
  }[]
}

const vectors = readVectors<Vectors>('algorithms/hash.json')

algorithmSuite('hash', 'The hashes of ring hash and Maglev: XXH64 and MurmurHash2.', vectors, () => {
  const all = vectors as Vectors
  const xxh64 = new Xxh64()
  const murmur = new MurmurHash2()
  return [
    ...all.xxh64_seed0.map(({ input, expected }) => ({
      name: `XXH64 of ${JSON.stringify(input)}`,
      check: () => expect(digest(xxh64, input)).toBe(expected),
    })),
    ...all.xxh64_chained.map(({ inputs, expected }) => ({
      name: `XXH64 of ${JSON.stringify(inputs)}, each seeding the next`,
      check: () => expect(decimal(new TextHash().ofAll(inputs))).toBe(expected),
    })),
    ...all.murmur2.map(({ input, expected }) => ({
      name: `MurmurHash2 of ${JSON.stringify(input)}`,
      check: () => expect(digest(murmur, input, MURMUR_SEED_LO)).toBe(expected),
    })),
    ...all.djb2_case_insensitive.map(({ input }) => ({
      name: `djb2 of ${JSON.stringify(input)}`,
      notApplicable: 'is a hash that Envoy uses inside itself and no policy names',
    })),
    ...all.derived.map((row) => ({
      name: `all of ${JSON.stringify(row.input)}`,
      check: () => {
        expect(digest(xxh64, row.input)).toBe(row.xxh64)
        expect(digest(xxh64, row.input, 1)).toBe(row.xxh64_seed1)
        expect(digest(murmur, row.input, MURMUR_SEED_LO)).toBe(row.murmur2)
      },
    })),
  ] satisfies AlgorithmRow[]
})

function digest(hash: ByteHash, text: string, seed = 0): string {
  const bytes = new TextBytes()
  bytes.set(text)
  hash.digest(bytes.view, bytes.length, 0, seed)
  return decimal(hash)
}
