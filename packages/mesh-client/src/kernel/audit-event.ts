/** How the mesh judged a request or a connection. */
export type AccessDecision = 'allowed' | 'denied' | 'unauthenticated'

/**
 * One entry of the access log of decisions: who asked for what, what was said, and what it came to. Written when the exchange is
 * over. Channel `weft:audit`, and what the option `audit` gets.
 */
export interface AuditEvent {
  /** RFC 3339, when it ended. */
  readonly time: string
  readonly decision: AccessDecision
  /** `namespace/name` of the AuthorizationPolicy that decided, where one did. */
  readonly policy: string | undefined
  /** `namespace/name` of the AUDIT policy that asked for this entry. */
  readonly markedBy: string | undefined
  /** Why a token was not taken, or a provider denied. */
  readonly reason: string | undefined
  /** Identity proven by the caller's certificate, without `spiffe://`. */
  readonly principal: string | undefined
  /** `issuer/subject` of the token that was proven. */
  readonly requestPrincipal: string | undefined
  readonly remoteAddress: string
  readonly protocol: 'http' | 'grpc' | 'tcp'
  /** The workload's port as policies name it. */
  readonly port: number
  readonly method: string | undefined
  readonly host: string | undefined
  /** As policies and the application saw it, without query: queries hold secrets. */
  readonly path: string | undefined
  /** HTTP status, 0 where there was none. */
  readonly status: number
  /** Numeric status of gRPC, whose status of HTTP is 200 also where it was denied; empty where nothing was answered, absent for others. */
  readonly grpcStatus?: string | undefined
  /** Envoy's response flags, or `-`. */
  readonly flags: string
  readonly requestBytes: number
  readonly responseBytes: number
  readonly durationMs: number
}

/** Gets each entry. */
export type AuditSink = (event: AuditEvent) => void
