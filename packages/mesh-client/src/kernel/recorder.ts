import type { ServiceRef } from '@weft/mesh-protocol'
import type { RpcFacts } from './tracing.ts'

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
  /** Absent: nobody has proven anything. */
  readonly mutualTls?: MutualTls | undefined
}

/** Of whom nothing is known. */
export const NOBODY_KNOWN: Peer = {
  workload: '',
  namespace: '',
  app: '',
  version: '',
  canonicalService: '',
  canonicalRevision: '',
  cluster: '',
}

/** Who has proven to be at the two ends of a connection: identities with `spiffe://`. */
export interface MutualTls {
  readonly peer: string
  readonly own: string
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
  /**
   * Messages from the client to the server that {@link Recorder.messages} has not been told yet: of most calls, all; absent
   * for HTTP. Those of a caller count once, however often they were sent.
   */
  readonly requestMessages?: number | undefined
  /** As {@link requestMessages}, from the server to the client. */
  readonly responseMessages?: number | undefined
  /** What was called; for gRPC, and where it is to be told by method. */
  readonly rpc?: RpcFacts | undefined
}

/** Messages of a gRPC call that is still running, since it was last told of. */
export interface MessagesRecord {
  readonly reporter: 'source' | 'destination'
  readonly service: ServiceRef | undefined
  /** As in {@link CallRecord}. */
  readonly peer: Peer | undefined
  readonly requestMessages: number
  readonly responseMessages: number
}

/** What has become of one TCP connection since it was last told of, by each side. */
export interface ConnectionRecord {
  readonly reporter: 'source' | 'destination'
  readonly service: ServiceRef | undefined
  /** As in {@link CallRecord}. */
  readonly peer: Peer | undefined
  /** Envoy's response flags joined with `,`, or `-`. */
  readonly flags: string
  /** The first that is told of it. */
  readonly opened: boolean
  /** The last that is told of it. */
  readonly closed: boolean
  /** From the server to the client. */
  readonly sentBytes: number
  /** From the client to the server. */
  readonly receivedBytes: number
}

export type FaultKind = 'delay' | 'abort'

/**
 * What became of a copy of a request: it was answered; it was sent and failed; a limit of its cluster left no room; its
 * cluster is not known, has an open breaker or no endpoint; its body was longer than what is kept, or can be read only once.
 */
export type MirrorResult = 'answered' | 'failed' | 'overflow' | 'unavailable' | 'body'

/** What access policies said of a request or a connection; `shadow_*`: what those of a dry run would have said. */
export type AuthorizationDecision = 'allowed' | 'denied' | 'unauthenticated' | 'shadow_allowed' | 'shadow_denied'

export type HedgeEvent = 'started' | 'won'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Why an endpoint was ejected, in Envoy's words. */
export type EjectionReason =
  | 'consecutive_5xx'
  | 'consecutive_gateway_failure'
  | 'consecutive_local_origin_failure'
  | 'success_rate'
  | 'success_rate_local_origin'
  | 'failure_percentage'
  | 'failure_percentage_local_origin'

/** How an active health check ended: refused and broken connections are `unreachable`, wrong answers `failed`. */
export type HealthCheckOutcome = 'passed' | 'failed' | 'unreachable' | 'timeout'

/** `refused`: the control server said no, or what it sent was no certificate for this process. */
export type CertificateOutcome = 'granted' | 'refused' | 'unreachable'

/** Which limit of a cluster was reached. */
export type OverflowKind = 'connections' | 'pending' | 'requests' | 'retries'

/**
 * Where the data plane tells what happens. Implementations must be cheap, must not throw and must not call back into
 * the mesh.
 */
export interface Recorder {
  call(record: CallRecord): void
  /** Of streams that run for long, every few seconds: see `MessageMeter`. */
  messages(record: MessagesRecord): void
  connection(record: ConnectionRecord): void
  /** A call was held up or answered on purpose. */
  fault(service: string, kind: FaultKind): void
  /** Access policies have decided on a request or a connection. */
  authorization(service: string, decision: AuthorizationDecision): void
  /** A copy of a request has ended, or was not sent. */
  mirror(cluster: string, result: MirrorResult): void
  /** An attempt was left running beside another, or the later of them was the first to answer well. */
  hedge(cluster: string, event: HedgeEvent): void
  /** A further attempt is about to be made. */
  retry(cluster: string, reason: string): void
  /** A retry was due but refused: out of limit, or the body could not be sent again. */
  retryRefused(cluster: string, reason: string): void
  overflow(cluster: string, kind: OverflowKind): void
  ejected(cluster: string, endpoint: string, reason: EjectionReason): void
  unejected(cluster: string, endpoint: string): void
  /** An active health check of an endpoint has ended. */
  healthCheck(cluster: string, endpoint: string, outcome: HealthCheckOutcome): void
  breaker(cluster: string, state: BreakerState): void
  /** A resource came into force. */
  policyApplied(type: string, name: string, version: string): void
  /** A resource was refused and the one before it kept. */
  policyRejected(type: string, name: string, version: string): void
  /** The stream to the control server opened or closed. */
  connected(url: string, connected: boolean): void
  /** This process has another certificate, or believes others. `expiresAt`: milliseconds since 1970, by this machine's clock. */
  certificate(spiffeId: string, expiresAt: number, generation: number): void
  /** A request for a certificate has ended. */
  certificateRequest(outcome: CertificateOutcome): void
}

const ignore = (): void => undefined

export const nullRecorder: Recorder = {
  call: ignore,
  messages: ignore,
  connection: ignore,
  fault: ignore,
  authorization: ignore,
  mirror: ignore,
  hedge: ignore,
  retry: ignore,
  retryRefused: ignore,
  overflow: ignore,
  ejected: ignore,
  unejected: ignore,
  healthCheck: ignore,
  breaker: ignore,
  policyApplied: ignore,
  policyRejected: ignore,
  connected: ignore,
  certificate: ignore,
  certificateRequest: ignore,
}
