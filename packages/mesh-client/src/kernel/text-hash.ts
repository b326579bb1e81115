import { type Hash64, ZERO_HASH } from './hash64.ts'
import { TextBytes } from './text-bytes.ts'
import { Xxh64 } from './xxhash64.ts'

/** XXH64 of texts, as UTF-8. One is kept and used again, since it holds the memory that it works in. */
export class TextHash {
  readonly #bytes = new TextBytes()
  readonly #hash = new Xxh64()

  of(text: string, seed: Hash64 = ZERO_HASH): Hash64 {
    this.#bytes.set(text)
    this.#hash.digest(this.#bytes.view, this.#bytes.length, seed.hi, seed.lo)
    return { hi: this.#hash.hi, lo: this.#hash.lo }
  }

  /** Of several texts, each seeded by the one before. */
  ofAll(texts: readonly string[]): Hash64 {
    return texts.reduce<Hash64>((seed, text) => this.of(text, seed), ZERO_HASH)
  }
}
