/**
 * Every code that a {@link MeshError} or a local reply can carry: what it means, the status of the local reply (0: there
 * is none, the call rejects, or policy says which) and Envoy's response flag.
 */
export const ERROR_CODES = {
  WEFT_CONFIG: { status: 0, flag: '-', means: 'An option of createMesh or serve is not usable.' },
  WEFT_NO_ROUTE: { status: 404, flag: 'NR', means: 'No route of the host matched, or it does not serve the port.' },
  WEFT_NOT_IN_REGISTRY: {
    status: 502,
    flag: '-',
    means: 'The host is not of the mesh, and policy allows no other (REGISTRY_ONLY).',
  },
  WEFT_NO_CLUSTER: { status: 503, flag: 'NC', means: 'The route names a destination that nobody knows.' },
  WEFT_NO_HEALTHY_UPSTREAM: { status: 503, flag: 'UH', means: 'No endpoint of the destination can be used.' },
  WEFT_UPSTREAM_OVERFLOW: { status: 503, flag: 'UO', means: 'A limit of connectionPool is reached.' },
  WEFT_CIRCUIT_OPEN: { status: 503, flag: 'UO', means: 'The error-rate breaker of the destination is open.' },
  WEFT_DEADLINE_EXCEEDED: {
    status: 504,
    flag: 'UT',
    means: 'The route timeout or the deadline of the caller has passed.',
  },
  WEFT_FAULT_INJECTED: {
    status: 0,
    flag: 'FI',
    means: 'The policy of the route answers some calls with a failure on purpose.',
  },
  WEFT_UPSTREAM_CONNECT_FAILURE: { status: 0, flag: 'UF', means: 'No connection to the endpoint could be made.' },
  WEFT_UPSTREAM_RESET: { status: 0, flag: 'UC', means: 'The connection broke before the response was complete.' },
  WEFT_BODY_NOT_REPLAYABLE: {
    status: 0,
    flag: 'UC',
    means: 'A retry was due but the request body cannot be sent again.',
  },
  WEFT_ABORTED: { status: 0, flag: 'DC', means: 'The caller gave the call up.' },
  WEFT_NOT_READY: { status: 0, flag: '-', means: 'ready() ran out of time before any policy was there.' },
  WEFT_NO_IDENTITY: {
    status: 0,
    flag: '-',
    means: 'The process has no certificate of the mesh, or one that has ended, and needs one.',
  },
  WEFT_CLOSED: { status: 0, flag: '-', means: 'The mesh is closed.' },
} as const

export type MeshErrorCode = keyof typeof ERROR_CODES

/** Envoy's response flags that Weft sets, joined with `,` in metrics and `x-weft-response-flags`; `-` for none. */
export type ResponseFlag = 'UH' | 'UF' | 'UO' | 'UT' | 'URX' | 'NR' | 'NC' | 'FI' | 'DI' | 'RL' | 'UAEX' | 'UC' | 'DC'

/** As metrics, logs and headers tell them. */
export function flagsText(flags: readonly ResponseFlag[]): string {
  return flags.length === 0 ? '-' : flags.join(',')
}

export interface MeshErrorDetails {
  /** Host of the service that was called. */
  readonly service?: string
  /** Name of the route that was taken. */
  readonly route?: string
  /** `address:port` of the last endpoint. */
  readonly endpoint?: string
  /** How many attempts were made. */
  readonly attempts?: number
  readonly flags?: readonly ResponseFlag[]
  /** Whether the same call may succeed when it is made again. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

const BRAND = Symbol.for('weft.MeshError')

/** Every refusal of the mesh itself: who refused, why, and in its message what to do. */
export class MeshError extends Error {
  override readonly name: string = 'MeshError'
  readonly code: MeshErrorCode
  readonly service: string | undefined
  readonly route: string | undefined
  readonly endpoint: string | undefined
  readonly attempts: number
  readonly flags: readonly ResponseFlag[]
  readonly retryable: boolean

  constructor(code: MeshErrorCode, message: string, details: MeshErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    Object.defineProperty(this, BRAND, { value: true })
    this.code = code
    this.service = details.service
    this.route = details.route
    this.endpoint = details.endpoint
    this.attempts = details.attempts ?? 0
    this.flags = details.flags ?? []
    this.retryable = details.retryable ?? false
  }

  /** True for a MeshError of any copy of the library in the process. */
  static isMeshError(value: unknown): value is MeshError {
    return typeof value === 'object' && value !== null && BRAND in value
  }

  toJSON(): Record<string, unknown> {
    const { name, code, message, service, route, endpoint, attempts, flags, retryable } = this
    return { name, code, message, service, route, endpoint, attempts, flags, retryable }
  }
}
