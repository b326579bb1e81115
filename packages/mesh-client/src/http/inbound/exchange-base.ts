import { type ContextStore, EMPTY_CONTEXT, type RequestContext } from '../../context/request-context.ts'
import type { AccessVerdict } from '../../inbound/audit/verdict.ts'
import type {
  InboundConnection,
  InboundExchange,
  InboundHandler,
  InboundHeaders,
  ServedPort,
  VerifiedToken,
} from '../../inbound/exchange.ts'
import type { PolicySteps } from '../../inbound/policy-steps.ts'
import type { Propagation } from '../../inbound/propagation.ts'
import { hasReservedHeader } from '../../inbound/reserved-headers.ts'
import type { TelemetryStep } from '../../inbound/telemetry-step.ts'
import { joinedHeader } from '../../inbound/whole-header.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { ResponseFlag } from '../../kernel/errors.ts'
import { isGrpcContentType } from '../../kernel/grpc-content-type.ts'
import type { MessageMeter, MeteredStream } from '../../kernel/message-meter.ts'
import { MessageTally } from '../../kernel/message-tally.ts'
import { PEER_HEADER } from '../../kernel/peer-header.ts'
import type { Peer } from '../../kernel/recorder.ts'
import type { RpcMethods, ServerCallFacts, ServerSpan } from '../../kernel/tracing.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import type { CarriedExchange, Connection } from './connection.ts'
import { FORWARDED_CLIENT_CERT, type ForwardClientCert } from './forwarded-client-cert.ts'
import type { Emit } from './interpose.ts'
import type { PeekedBody } from './peek-body.ts'
import { replaceHeader } from './replace-header.ts'
import { RequestFacts } from './request-facts.ts'
import type { RequestLike } from './request-like.ts'
import { rewriteTarget } from './rewrite-target.ts'
import type { StripHeaders } from './strip-headers.ts'

/** What all exchanges of one served port share. */
export interface ExchangeHost {
  readonly served: ServedPort
  /** Whether calls that are made for a request end when its caller leaves. */
  readonly bindsCalls: boolean
  readonly clock: Clock
  readonly store: ContextStore
  readonly chain: InboundHandler
  readonly telemetry: TelemetryStep
  /** Of the messages of long streams. */
  readonly meter: MessageMeter
  /** Of a server of gRPC. */
  readonly methods: RpcMethods | undefined
  /** What the inbound policy says of single requests. */
  readonly steps: PolicySteps
  readonly propagation: Propagation
  readonly stripHeaders: StripHeaders
  readonly forwardClientCert: ForwardClientCert
  /** Gives an event to the application's listeners. */
  readonly emit: Emit
}

/** What requests and tunnels have in common, whatever they come in. */
export abstract class ExchangeBase<R extends RequestLike = RequestLike>
  implements InboundExchange, CarriedExchange, MeteredStream
{
  abstract readonly isTunnel: boolean
  readonly startedAt: number
  readonly isGrpc: boolean
  readonly peer: Peer | undefined
  token: VerifiedToken | undefined = undefined
  verdict: AccessVerdict | undefined = undefined
  readonly request: R
  span: ServerSpan | undefined = undefined
  context: RequestContext = EMPTY_CONTEXT
  previous: CarriedExchange | undefined = undefined
  ended = false
  /** Joined with a comma; empty where there are none. */
  #flags = ''
  #whenEnded: (() => void) | undefined = undefined
  /** Of a call of gRPC. */
  readonly #tally: MessageTally | undefined
  protected readonly host: ExchangeHost
  protected readonly carrier: Connection

  constructor(host: ExchangeHost, connection: Connection, request: R) {
    this.host = host
    this.carrier = connection
    this.request = request
    this.startedAt = host.clock.now()
    const { headers } = request
    const type = headers['content-type']
    this.isGrpc = type !== undefined && this.isGrpcType(type)
    this.#tally = this.isGrpc ? new MessageTally() : undefined
    const peer = headers[PEER_HEADER]
    this.peer = typeof peer === 'string' ? connection.peerOf(peer) : connection.secured?.unnamed
    const { secured } = connection
    const forwarded = headers[FORWARDED_CLIENT_CERT]
    if (hasReservedHeader(request.rawHeaders)) host.stripHeaders(request)
    if (secured !== undefined || forwarded !== undefined) host.forwardClientCert(request, secured?.forwarded)
  }

  abstract forward(): void

  /** Whether a request of this content type is a call of gRPC. */
  protected isGrpcType(type: string): boolean {
    return isGrpcContentType(type)
  }

  rewritePath(path: string): void {
    rewriteTarget(this.request, path)
  }

  replaceHeader(name: string, value: string | undefined): void {
    replaceHeader(this.request, name, value)
  }

  wholeHeader(name: string): string | undefined {
    return joinedHeader(name, this.request.headers[name], this.request.rawHeaders)
  }

  abstract peekBody(maxBytes: number): Promise<PeekedBody>
  abstract answer(reply: RouteReply, flag: ResponseFlag | '-'): void
  abstract addToResponse(headers: readonly string[]): void
  abstract abandoned(): void
  abstract closeAfter(close: boolean): void

  get connection(): InboundConnection {
    return this.carrier.facts
  }

  get served(): ServedPort {
    return this.host.served
  }

  get bindsCalls(): boolean {
    return this.host.bindsCalls && !this.isTunnel
  }

  get headers(): InboundHeaders {
    return this.request.headers
  }

  get facts(): ServerCallFacts {
    return new RequestFacts(this.request, this.isGrpc, this.carrier)
  }

  flag(flag: ResponseFlag): void {
    this.#flags = this.#flags === '' ? flag : `${this.#flags},${flag}`
  }

  whenEnded(callback: () => void): void {
    if (this.ended) callback()
    else this.#whenEnded = callback
  }

  /** Whether the application has cut the answer off, and not its caller. */
  protected get closedByApplication(): boolean {
    return this.carrier.closedByApplication
  }

  /** Bytes of the request are handed to the application. */
  received(chunk: Uint8Array): void {
    if (this.#tally?.fromClient(chunk) === true && !this.ended) this.host.meter.follow(this)
  }

  /** Bytes of the response. */
  sent(chunk: Uint8Array): void {
    if (this.#tally?.fromServer(chunk) === true && !this.ended) this.host.meter.follow(this)
  }

  tellMessages(): void {
    const messages = this.#tally?.take()
    if (messages !== undefined && messages.request + messages.response > 0) this.host.telemetry.messages(this, messages)
  }

  protected end(status: number, complete: boolean, grpcStatus: string | undefined): void {
    if (this.ended) return
    this.ended = true
    if (this.#tally?.isStream === true) this.host.meter.leave(this)
    // A caller that left before its answer still bounds what was begun for it.
    if (complete && this.context.deadline !== undefined) this.context.deadline = undefined
    const endedAt = this.host.clock.now()
    this.carrier.ended(this, endedAt)
    const callerLeft = !complete && !this.closedByApplication
    if (!complete) this.flag(callerLeft ? 'DC' : 'UC')
    this.host.telemetry.ended(this, {
      endedAt,
      status,
      flags: this.#flags === '' ? '-' : this.#flags,
      grpcStatus,
      requestBytes: this.carrier.takeRead(),
      responseBytes: this.carrier.takeWritten(),
      messages: this.#tally?.take(),
    })
    this.#whenEnded?.()
    if (callerLeft) this.context.boundCalls?.callerLeft()
  }
}
