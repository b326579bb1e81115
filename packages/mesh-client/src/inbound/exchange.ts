import type { RequestContext } from '../context/request-context.ts'
import type { ResponseFlag } from '../kernel/errors.ts'
import type { CountedMessages } from '../kernel/message-tally.ts'
import type { Peer } from '../kernel/recorder.ts'
import type { ServerCallFacts, ServerSpan } from '../kernel/tracing.ts'
import type { RouteReply } from '../routing/route-table.ts'
import type { AccessVerdict } from './audit/verdict.ts'

/** Headers of a request by lower-case name. */
export type InboundHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** A port that is served. */
export interface ServedPort {
  /** What callers dial. */
  readonly servicePort: number
  /** The workload's port as policies name it. */
  readonly port: number
}

/** The connection that a request came over, as far as it was proven. */
export interface InboundConnection {
  /** Address of the other end; empty when it has gone. */
  readonly remoteAddress: string
  readonly localAddress: string
  /** What the caller asked for in its TLS handshake. */
  readonly sni: string | undefined
  /** `spiffe://…` of the certificate that was verified; absent: plaintext, nobody has proven anything. */
  readonly peerUri: string | undefined
  /** Made by this very process to find out how it is: it passes mutual TLS and authorization by. */
  readonly isOwnProbe: boolean
}

/** What a verified JWT says. */
export interface VerifiedToken {
  readonly issuer: string
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** Claims that are lists by their blanks: `scope`, `permission` and those of the rule. */
  readonly spaceDelimited: readonly string[]
}

/** One request and its response, whatever the protocol, on its way through the filters. */
export interface InboundExchange {
  readonly served: ServedPort
  /** On the mesh's clock. */
  readonly startedAt: number
  readonly headers: InboundHeaders
  /** By its content type. */
  readonly isGrpc: boolean
  /** Who calls, by its own account. */
  readonly peer: Peer | undefined
  readonly facts: ServerCallFacts
  readonly connection: InboundConnection
  /** Set by the authentication step where a token was proven. */
  token: VerifiedToken | undefined
  /** Set by the steps of access where what they decided is to be told. */
  verdict: AccessVerdict | undefined
  /** Answered, or left by its caller. */
  readonly ended: boolean
  /** The beginning of its body, at most so many bytes; the application still reads it all. A tunnel has none. */
  peekBody(maxBytes: number): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }>
  /** A header with all its repetitions joined by commas. @param name lower case */
  wholeHeader(name: string): string | undefined
  /** What the application sees as its path and query from now on. */
  rewritePath(path: string): void
  /** What the application sees of this header from now on; `undefined`: nothing. @param name lower case */
  replaceHeader(name: string, value: string | undefined): void
  /** An upgrade or a CONNECT: it lives on when the request is answered, so no deadline of a request binds it. */
  readonly isTunnel: boolean
  /** Whether calls that are made for it end when its caller leaves. */
  readonly bindsCalls: boolean
  /** Set by the telemetry step while a tracer is at work. */
  span: ServerSpan | undefined
  /** Set by the deadline and context step. */
  context: RequestContext
  /** Hands it to the application. */
  forward(): void
  /** Answers it instead of the application. @param flag why, `-` where it is an answer as any other */
  answer(reply: RouteReply, flag: ResponseFlag | '-'): void
  /** Puts headers into the response, names and values in turn, over those that the application sets; `vary` is added to. */
  addToResponse(headers: readonly string[]): void
  /** Tells telemetry what was done to it. */
  flag(flag: ResponseFlag): void
  /** Calls back when it is over, answered or left by its caller; at most one callback is kept. */
  whenEnded(callback: () => void): void
}

/** How an exchange ended. */
export interface InboundEnding {
  readonly endedAt: number
  /** 0 when no response was sent. */
  readonly status: number
  /** Envoy's flags, or `-`. */
  readonly flags: string
  /** `grpc-status` of the response, where there was one. */
  readonly grpcStatus: string | undefined
  readonly requestBytes: number
  readonly responseBytes: number
  /** Of a call of gRPC, those that were not told while it ran; absent: they were not counted. */
  readonly messages?: CountedMessages | undefined
}

export type InboundHandler = (exchange: InboundExchange) => void

/** One step of the way in: does its part, then hands on to `next`, or answers itself. */
export type InboundFilter = (next: InboundHandler) => InboundHandler
