/** A hash function over bytes. Its result stands in it until the next one, so that hashing many keys makes no objects. */
export interface ByteHash {
  /** Of the newest {@link digest}, 0 to 2^32-1. */
  readonly hi: number
  readonly lo: number
  /** Hashes the first `length` bytes. */
  digest(bytes: DataView, length: number, seedHi: number, seedLo: number): void
}
