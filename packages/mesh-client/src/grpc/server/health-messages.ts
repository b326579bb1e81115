import { Buffer } from 'node:buffer'

/*
 * The messages of `grpc.health.v1.Health`, as the server reads and writes them. Both have one field, so they are done by hand: a
 * request is `string service = 1`, a response `ServingStatus status = 1`.
 */

/** `grpc.health.v1.HealthCheckResponse.ServingStatus`; the last is told by `Watch` alone. */
export const HEALTH_STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const

export type HealthStatus = keyof typeof HEALTH_STATUS

const SERVICE_FIELD = 1
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

export interface HealthRequest {
  /** Full name of a service; empty: the server as a whole. */
  readonly service: string
}

/** @throws Error where it is no message. */
export function decodeHealthRequest(bytes: Buffer): HealthRequest {
  const reader = new Reader(bytes)
  let service = ''
  while (!reader.atEnd) {
    const tag = reader.varint()
    const type = tag % 8
    if (Math.floor(tag / 8) === SERVICE_FIELD && type === LENGTH_DELIMITED) service = reader.bytes().toString('utf8')
    else reader.skip(type)
  }
  return { service }
}

export function encodeHealthResponse(status: HealthStatus): Buffer {
  return Buffer.from([0x08, HEALTH_STATUS[status]])
}

/** What a message of protocol buffers consists of. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Error('the message ends within a number')
  }

  bytes(): Buffer {
    return this.#take(this.varint())
  }

  skip(type: number): void {
    if (type === VARINT) this.varint()
    else if (type === LENGTH_DELIMITED) this.bytes()
    else if (type === FIXED64) this.#take(8)
    else if (type === FIXED32) this.#take(4)
    else throw new Error(`the message has a field of type ${type}`)
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Error('the message ends within a field')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
