/** One byte that says whether the message is compressed, and four of its length. gRPC over HTTP/2, "Length-Prefixed-Message". */
export const GRPC_PREFIX_BYTES = 5

/** The first byte of the frame of a message that was compressed. gRPC over HTTP/2, "Compressed-Flag". */
const COMPRESSED = 1

/** A message as it goes over the wire: length-prefixed. */
export function frameOf(message: Uint8Array, compressed: boolean): Buffer {
  const { length } = message
  const frame = Buffer.allocUnsafe(GRPC_PREFIX_BYTES + length)
  frame[0] = compressed ? COMPRESSED : 0
  frame.writeUInt32BE(length, 1)
  frame.set(message, GRPC_PREFIX_BYTES)
  return frame
}

/** The message of a frame; it shares the frame's memory. */
export function messageOf(frame: Buffer): Buffer {
  return frame.subarray(GRPC_PREFIX_BYTES)
}

export function isCompressed(frame: Buffer): boolean {
  return frame[0] === COMPRESSED
}

/** The message of a body that is one frame, not compressed; `undefined`: it is anything else. It shares the body's memory. */
export function onlyMessageOf(body: Buffer): Buffer | undefined {
  if (body.length < GRPC_PREFIX_BYTES || body[0] !== 0) return undefined
  return body.length === GRPC_PREFIX_BYTES + body.readUInt32BE(1) ? messageOf(body) : undefined
}
