import { GRPC_PREFIX_BYTES } from './grpc-frame.ts'

/** How often the length that was read so far is shifted for another byte of it. */
const BYTE = 0x100

/**
 * Counts the messages of a gRPC stream as its bytes pass, wherever those are cut. Nothing is copied or kept, and what a
 * message says is not looked at.
 */
export class GrpcFrameCounter {
  #messages = 0
  /** How much of a prefix has been seen. */
  #prefix = 0
  /** The length that the prefix has said so far. */
  #length = 0
  /** Bytes of the message that are still to come. */
  #rest = 0

  /** Messages of which everything has passed. */
  get messages(): number {
    return this.#messages
  }

  /** Whether the stream could end here: no message is begun. */
  get whole(): boolean {
    return this.#prefix === 0
  }

  /** Another stream begins. */
  reset(): void {
    this.#messages = 0
    this.#prefix = 0
    this.#length = 0
    this.#rest = 0
  }

  /** More of the stream has passed. */
  add(chunk: Uint8Array): void {
    const { length } = chunk
    let at = 0
    while (at < length) {
      if (this.#prefix === 0 && length - at >= GRPC_PREFIX_BYTES) {
        this.#readWholePrefix(chunk, at)
        at += GRPC_PREFIX_BYTES
        continue
      }
      if (this.#prefix < GRPC_PREFIX_BYTES) {
        this.#readPrefix(chunk[at++] as number)
        continue
      }
      const taken = Math.min(this.#rest, length - at)
      at += taken
      this.#rest -= taken
      if (this.#rest === 0) this.#messageOver()
    }
  }

  /** As {@link #readPrefix} for each of its bytes, which nearly always come together. */
  #readWholePrefix(chunk: Uint8Array, at: number): void {
    this.#prefix = GRPC_PREFIX_BYTES
    this.#rest =
      (chunk[at + 1] as number) * 0x1_00_00_00 +
      (((chunk[at + 2] as number) << 16) | ((chunk[at + 3] as number) << 8) | (chunk[at + 4] as number))
    if (this.#rest === 0) this.#messageOver()
  }

  #readPrefix(byte: number): void {
    // The first byte is no part of the length.
    if (this.#prefix++ > 0) this.#length = this.#length * BYTE + byte
    if (this.#prefix < GRPC_PREFIX_BYTES) return
    this.#rest = this.#length
    if (this.#rest === 0) this.#messageOver()
  }

  #messageOver(): void {
    this.#messages++
    this.#prefix = 0
    this.#length = 0
  }
}
