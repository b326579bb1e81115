import { deflate, gunzip, gzip, inflate } from 'node:zlib'
import { GRPC_STATUS } from '@weft/mesh-protocol'

/** How messages may be compressed. gRPC over HTTP/2, "Message-Encoding". */
export type MessageEncoding = 'identity' | 'deflate' | 'gzip'

/** What responses may be compressed with. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip'

/** By the numbers of grpc-js' `compressionAlgorithms`. */
const BY_NUMBER: readonly MessageEncoding[] = ['identity', 'deflate', 'gzip']

/** What `grpc.default_compression_algorithm` asks for; `undefined`: nothing that there is. */
export function encodingOf(algorithm: unknown): MessageEncoding | undefined {
  return typeof algorithm === 'number' ? BY_NUMBER[algorithm] : undefined
}

/** Why a message cannot be read. */
export interface UnreadableMessage {
  readonly code: number
  readonly details: string
}

export function compress(
  encoding: MessageEncoding,
  message: Uint8Array,
  done: (error: Error | null, bytes: Buffer) => void,
): void {
  if (encoding === 'gzip') gzip(message, done)
  else deflate(message, done)
}

/**
 * @param encoding what `grpc-encoding` of the response said
 * @param maxBytes how long the message may become; -1: any
 */
export function decompress(
  encoding: string,
  message: Uint8Array,
  maxBytes: number,
  done: (result: Buffer | UnreadableMessage) => void,
): void {
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    done({ code: GRPC_STATUS.INTERNAL, details: unknownEncoding(encoding) })
    return
  }
  // Zlib takes no limit of nothing at all.
  const limits = maxBytes === -1 ? {} : { maxOutputLength: Math.max(1, maxBytes) }
  const finish = (error: Error | null, bytes: Buffer): void => done(error === null ? bytes : unreadable(error))
  const unreadable = (error: Error): UnreadableMessage =>
    'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      ? { code: GRPC_STATUS.RESOURCE_EXHAUSTED, details: tooLarge(maxBytes) }
      : { code: GRPC_STATUS.INTERNAL, details: `Failed to decompress ${encoding}-encoded message` }
  if (encoding === 'gzip') gunzip(message, limits, finish)
  else inflate(message, limits, finish)
}

function unknownEncoding(encoding: string): string {
  return encoding === 'identity'
    ? 'Received compressed message but "grpc-encoding" header was identity'
    : `Compression method not supported: ${encoding}`
}

function tooLarge(maxBytes: number): string {
  return `Received message that decompresses to a size larger than ${maxBytes}`
}
