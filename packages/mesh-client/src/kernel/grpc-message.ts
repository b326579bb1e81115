const UNSAFE = /[^\x20-\x24\x26-\x7e]/

const PERCENT = 0x25
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

/** A text as `grpc-message`: UTF-8, of which what is not printable, and `%`, is written as `%` and two digits. gRPC over HTTP/2, "Responses". */
export function encodeGrpcMessage(text: string): string {
  if (!UNSAFE.test(text)) return text
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    const plain = byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE && byte !== PERCENT
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
