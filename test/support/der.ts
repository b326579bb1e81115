/** A few words of ASN.1 DER: enough to write a certificate by hand, also one that no library would write. */

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents)
}

export function set(...contents: readonly Uint8Array[]): Buffer {
  return der(0x31, ...contents)
}

/** Of a number that is not negative, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

export function octets(contents: Uint8Array): Buffer {
  return der(0x04, contents)
}

export function bits(contents: Uint8Array): Buffer {
  return der(0x03, Buffer.from([0]), contents)
}

export function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text))
}

export function yes(): Buffer {
  return der(0x01, Buffer.from([0xff]))
}

/** GeneralizedTime, to the second. */
export function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80)
  return bytes
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  if (length < 0x100) return Buffer.from([0x81, length])
  return Buffer.from([0x82, length >> 8, length & 0xff])
}
