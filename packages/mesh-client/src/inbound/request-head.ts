import { PEER_HEADER } from '../kernel/peer-header.ts'
import type { Carriage } from './propagation.ts'
import { EXPECTED_TIMEOUT_HEADER, GRPC_TIMEOUT_HEADER } from './timeout-headers.ts'

const NONE: readonly string[] = []

/** What the mesh wants to know of a request's headers. One shape for all, since one is made for every request. */
export interface RequestHead {
  /** Value of `x-weft-peer`. */
  readonly peer: string | undefined
  readonly expectedTimeout: string | undefined
  readonly grpcTimeout: string | undefined
  readonly isGrpc: boolean
  /** Whether any `x-weft-*` header came: they are the mesh's own and end here. */
  readonly hasReserved: boolean
  /** To follow outbound calls; lower-case name and value in turn. */
  readonly carried: readonly string[]
  /** As above, where no tracer is at work. */
  readonly trace: readonly string[]
}

type Wanted = Carriage | 'contentType' | 'expectedTimeout' | 'grpcTimeout'

/** Whether a header name, in any case, begins with `x-weft-`. */
export function isReservedHeader(name: string): boolean {
  // Most names differ in the first letter or the third; only the rest are worth a lower-case copy.
  if ((name.charCodeAt(0) | 0x20) !== 0x78 || (name.charCodeAt(2) | 0x20) !== 0x77) return false
  return name.toLowerCase().startsWith('x-weft-')
}

/** Envoy `Grpc::Common::hasGrpcContentType`: the type alone, or followed by `+` and a format. */
export function isGrpcContentType(value: string): boolean {
  return /^application\/grpc(?:$|[+;])/i.test(value)
}

/** A reader of raw header lists (names and values in turn), compiled for the headers to be carried on. */
export function createHeadReader(carriage: ReadonlyMap<string, Carriage>): (raw: readonly string[]) => RequestHead {
  const wanted = new Map<string, Wanted>(carriage)
  wanted.set('content-type', 'contentType')
  wanted.set(EXPECTED_TIMEOUT_HEADER, 'expectedTimeout')
  wanted.set(GRPC_TIMEOUT_HEADER, 'grpcTimeout')
  // Spares most headers the lower-case copy and the look-up.
  const lengths = new Uint8Array(256)
  for (const name of wanted.keys()) lengths[name.length] = 1
  return (raw) => readHead(raw, wanted, lengths)
}

function readHead(raw: readonly string[], wanted: ReadonlyMap<string, Wanted>, lengths: Uint8Array): RequestHead {
  const head = {
    peer: undefined as string | undefined,
    expectedTimeout: undefined as string | undefined,
    grpcTimeout: undefined as string | undefined,
    isGrpc: false,
    hasReserved: false,
    carried: NONE,
    trace: NONE,
  }
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string
    if (isReservedHeader(name)) {
      head.hasReserved = true
      if (name.length === PEER_HEADER.length && name.toLowerCase() === PEER_HEADER) head.peer = raw[index + 1]
    } else if (lengths[name.length] === 1) {
      const key = name.toLowerCase()
      const value = raw[index + 1] as string
      switch (wanted.get(key)) {
        case 'contentType':
          head.isGrpc = isGrpcContentType(value)
          break
        case 'expectedTimeout':
          head.expectedTimeout = value
          break
        case 'grpcTimeout':
          head.grpcTimeout = value
          break
        case 'propagate':
          head.carried = [...head.carried, key, value]
          break
        case 'trace':
          head.trace = [...head.trace, key, value]
          break
      }
    }
  }
  return head
}
