/*
 * The binary form of a load report: the message `xds.data.orca.v3.OrcaLoadReport` of Protocol Buffers in base64.
 */

const DOUBLES: Readonly<Record<number, string>> = {
  1: 'cpu_utilization',
  2: 'mem_utilization',
  6: 'rps_fractional',
  7: 'eps',
  9: 'application_utilization',
}

const MAPS: Readonly<Record<number, string>> = { 4: 'request_cost', 5: 'utilization', 8: 'named_metrics' }

/** What a field's key says of the bytes that follow. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** The metrics of the message; `undefined`: it is none, or a number in it is none. */
export function readLoadReportMessage(base64: string): ReadonlyMap<string, number> | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(base64)) return undefined
  const report = new Map<string, number>()
  const whole = eachField(bytesOf(base64), (field, type, value) => {
    const name = DOUBLES[field]
    const map = MAPS[field]
    if (name !== undefined && type === WIRE.fixed64) report.set(name, doubleOf(value))
    else if (map !== undefined && type === WIRE.bytes) {
      const entry = entryOf(value)
      if (entry === undefined) return false
      report.set(`${map}.${entry.key}`, entry.value)
    }
    return true
  })
  return whole && [...report.values()].every(Number.isFinite) ? report : undefined
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64')
}

/** Calls back for each field until one is refused; false: one was, or the bytes are no message. */
function eachField(bytes: Uint8Array, take: (field: number, type: number, value: Uint8Array) => boolean): boolean {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const key = varint()
    const type = key % 8
    const length = lengthOf(type, varint)
    const from = at
    at += length
    if (!(at <= bytes.length) || !take(Math.floor(key / 8), type, bytes.subarray(from, at))) return false
  }
  return true
}

/** How many bytes of the value are still to come; NaN: nobody knows. */
function lengthOf(type: number, varint: () => number): number {
  switch (type) {
    case WIRE.fixed64:
      return 8
    case WIRE.fixed32:
      return 4
    case WIRE.bytes:
      return varint()
    case WIRE.varint:
      return varint() >= 0 ? 0 : Number.NaN
    default:
      return Number.NaN
  }
}

/** An entry of a map: what is left out is empty, or 0. */
function entryOf(bytes: Uint8Array): { readonly key: string; readonly value: number } | undefined {
  let key = ''
  let value = 0
  const whole = eachField(bytes, (field, type, part) => {
    if (field === 1 && type === WIRE.bytes) key = new TextDecoder().decode(part)
    if (field === 2 && type === WIRE.fixed64) value = doubleOf(part)
    return true
  })
  return whole ? { key, value } : undefined
}

function doubleOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
}
