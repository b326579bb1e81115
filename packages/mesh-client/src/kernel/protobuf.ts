/*
 * As much of protobuf's wire format as the messages need that the mesh writes and reads itself: those of external authorization
 * and of health.
 */

const VARINT = 0
const FIXED_64 = 1
const BYTES = 2
const FIXED_32 = 5

/** A field that is a message, bytes or text; nothing where it is absent or empty, as proto3 leaves it out. */
export function bytesField(field: number, value: Uint8Array | string | undefined): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : (value ?? Buffer.alloc(0))
  return bytes.length === 0 ? Buffer.alloc(0) : presentField(field, bytes)
}

/** The same, there even where it is empty. */
export function presentField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + BYTES), varint(bytes.length), bytes])
}

/** A field that is a number, 0 or more; nothing where it is 0. */
export function numberField(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([varint(field * 8 + VARINT), varint(value)])
}

/** A map of texts. */
export function mapField(field: number, entries: Iterable<readonly [string, string]>): Buffer {
  return Buffer.concat(
    [...entries].map(([key, value]) => presentField(field, Buffer.concat([bytesField(1, key), bytesField(2, value)]))),
  )
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** The value of a field as it stands there: a number, or bytes. */
export type FieldValue = number | Buffer

/** A message as it was read: of each field all values in their order, numbers or bytes. */
export class Message {
  readonly #fields = new Map<number, FieldValue[]>()

  /** @throws RangeError for what is no message */
  constructor(bytes: Buffer) {
    readFields(bytes, (field, value) => {
      const values = this.#fields.get(field)
      if (values === undefined) this.#fields.set(field, [value])
      else values.push(value)
    })
  }

  number(field: number): number {
    const last = this.#fields.get(field)?.at(-1)
    return typeof last === 'number' ? last : 0
  }

  text(field: number): string {
    return this.bytes(field)?.toString() ?? ''
  }

  bytes(field: number): Buffer | undefined {
    const last = this.#fields.get(field)?.at(-1)
    return typeof last === 'number' ? undefined : last
  }

  message(field: number): Message | undefined {
    const bytes = this.bytes(field)
    return bytes === undefined ? undefined : new Message(bytes)
  }

  /** All values that are bytes. */
  all(field: number): readonly Buffer[] {
    return (this.#fields.get(field) ?? []).filter((value): value is Buffer => typeof value !== 'number')
  }
}

/**
 * Reads a message field by field and keeps nothing of it, so that a stranger's long one costs no memory.
 *
 * @throws RangeError for what is no message
 */
export function readFields(bytes: Buffer, visit: (field: number, value: FieldValue) => void): void {
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('the message ends within a field')
    at += length
    return bytes.subarray(at - length, at)
  }
  const number = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = take(1)[0] as number
      value += (byte % 0x80) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('the message has a number without an end')
  }
  while (at < bytes.length) {
    const tag = number()
    visit(Math.floor(tag / 8), readValue(tag % 8, number, take))
  }
}

function readValue(type: number, number: () => number, take: (length: number) => Buffer): FieldValue {
  if (type === VARINT) return number()
  if (type === BYTES) return take(number())
  if (type === FIXED_64) return take(8)
  if (type === FIXED_32) return take(4)
  throw new RangeError(`the message has a field of type ${type}`)
}
