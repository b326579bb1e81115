import type { ServiceRef } from '@weft/mesh-protocol'

/** Who is at the other end of a call, as far as telemetry knows; empty strings where it does not. */
export interface Peer {
  /** Deployment name. */
  readonly workload: string
  readonly namespace: string
  readonly app: string
  readonly version: string
  readonly canonicalService: string
  readonly canonicalRevision: string
  readonly cluster: string
}

/** One finished HTTP or gRPC call, told once by each side. */
export interface CallRecord {
  /** `source`: told by the client; `destination`: by the server. */
  readonly reporter: 'source' | 'destination'
  readonly protocol: 'http' | 'grpc'
  /** The service that was called; absent when the host is not known. */
  readonly service: ServiceRef | undefined
  /** The server for a `source` record, the client for a `destination` one; absent when nobody was reached. */
  readonly peer: Peer | undefined
  /** HTTP status; 0 when no response was sent. */
  readonly status: number
  /** Numeric gRPC status; absent for HTTP. */
  readonly grpcStatus: string | undefined
  /** Envoy's response flags joined with `,`, or `-`. */
  readonly flags: string
  readonly durationMs: number
  /** Headers included. */
  readonly requestBytes: number
  /** Headers included. */
  readonly responseBytes: number
}

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Why an endpoint was ejected, in Envoy's words. */
export type EjectionReason = 'consecutive_5xx' | 'consecutive_gateway_failure' | 'consecutive_local_origin_failure'

/** Which limit of a cluster was reached. */
export type OverflowKind = 'connections' | 'pending' | 'requests' | 'retries'

/**
 * Where the data plane tells what happens. Implementations must be cheap, must not throw and must not call back into
 * the mesh.
 */
export interface Recorder {
  call(record: CallRecord): void
  /** A further attempt is about to be made. */
  retry(cluster: string, reason: string): void
  /** A retry was due but refused: out of limit, or the body could not be sent again. */
  retryRefused(cluster: string, reason: string): void
  overflow(cluster: string, kind: OverflowKind): void
  ejected(cluster: string, endpoint: string, reason: EjectionReason): void
  unejected(cluster: string, endpoint: string): void
  breaker(cluster: string, state: BreakerState): void
  /** A resource came into force. */
  policyApplied(type: string, name: string, version: string): void
  /** A resource was refused and the one before it kept. */
  policyRejected(type: string, name: string, version: string): void
  /** The stream to the control server opened or closed. */
  connected(url: string, connected: boolean): void
}

const ignore = (): void => undefined

export const nullRecorder: Recorder = {
  call: ignore,
  retry: ignore,
  retryRefused: ignore,
  overflow: ignore,
  ejected: ignore,
  unejected: ignore,
  breaker: ignore,
  policyApplied: ignore,
  policyRejected: ignore,
  connected: ignore,
}
