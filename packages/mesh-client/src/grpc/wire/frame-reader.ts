import { GRPC_PREFIX_BYTES } from '../../kernel/grpc-frame.ts'

/** A message that is longer than its receiver takes. */
export class FrameTooLarge extends Error {}

/**
 * Takes the frames of a gRPC stream out of its bytes, wherever those are cut. A frame that came in one piece shares the
 * memory of that piece.
 */
export class FrameReader {
  readonly #maxMessageBytes: number
  /** A prefix that is not complete yet. */
  #prefix: Buffer | undefined = undefined
  #prefixBytes = 0
  /** Where the frame that is under way is put together. */
  #frame: Buffer | undefined = undefined
  #filled = 0

  /** @param maxMessageBytes -1: none */
  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /**
   * Adds to `frames` what is complete with this piece.
   * @throws FrameTooLarge
   */
  read(chunk: Buffer, frames: Buffer[]): void {
    let at = 0
    while (at < chunk.length) at = this.#step(chunk, at, frames)
  }

  /** Takes one frame, or what there is of it; gives back where the next begins. */
  #step(chunk: Buffer, at: number, frames: Buffer[]): number {
    if (this.#frame !== undefined) return this.#fill(this.#frame, chunk, at, frames)
    const rest = chunk.length - at
    if (this.#prefix !== undefined || rest < GRPC_PREFIX_BYTES) return this.#readPrefix(chunk, at, frames)
    const size = GRPC_PREFIX_BYTES + this.#checked(chunk.readUInt32BE(at + 1))
    if (rest >= size) {
      frames.push(at === 0 && rest === size ? chunk : chunk.subarray(at, at + size))
      return at + size
    }
    this.#frame = Buffer.allocUnsafe(size)
    this.#filled = 0
    return this.#fill(this.#frame, chunk, at, frames)
  }

  #readPrefix(chunk: Buffer, at: number, frames: Buffer[]): number {
    const prefix = this.#prefix ?? Buffer.allocUnsafe(GRPC_PREFIX_BYTES)
    const copied = chunk.copy(prefix, this.#prefixBytes, at)
    this.#prefix = prefix
    this.#prefixBytes += copied
    if (this.#prefixBytes < GRPC_PREFIX_BYTES) return at + copied
    this.#prefix = undefined
    this.#prefixBytes = 0
    const size = GRPC_PREFIX_BYTES + this.#checked(prefix.readUInt32BE(1))
    if (size === GRPC_PREFIX_BYTES) {
      frames.push(prefix)
      return at + copied
    }
    this.#frame = Buffer.allocUnsafe(size)
    this.#filled = prefix.copy(this.#frame)
    return at + copied
  }

  #fill(frame: Buffer, chunk: Buffer, at: number, frames: Buffer[]): number {
    const copied = chunk.copy(frame, this.#filled, at)
    this.#filled += copied
    if (this.#filled === frame.length) {
      this.#frame = undefined
      frames.push(frame)
    }
    return at + copied
  }

  #checked(length: number): number {
    const max = this.#maxMessageBytes
    if (max !== -1 && length > max) throw new FrameTooLarge(`Received message larger than max (${length} vs ${max})`)
    return length
  }
}
