/*
 * As much of DER (X.690) as a certificate request needs to be written.
 */

const INTEGER = 0x02
const BIT_STRING = 0x03
const OBJECT_IDENTIFIER = 0x06
const SEQUENCE = 0x30
const CONTEXT_CONSTRUCTED = 0xa0

/** A whole number from 0 to 127. */
export function derInteger(value: number): Buffer {
  return element(INTEGER, Buffer.of(value))
}

/** Whole bytes. */
export function derBitString(bytes: Uint8Array): Buffer {
  return element(BIT_STRING, Buffer.of(0), bytes)
}

/** `1.2.840.…` */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(OBJECT_IDENTIFIER, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return element(SEQUENCE, ...parts)
}

/** `[n] IMPLICIT` of something that is made of parts. */
export function derContext(number: number, ...parts: readonly Uint8Array[]): Buffer {
  return element(CONTEXT_CONSTRUCTED + number, ...parts)
}

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.of(0x80 + bytes.length, ...bytes)
}

function base128(value: number): readonly number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) + 128)
  return digits
}
