import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { GrpcAccount } from '../../call/grpc-account.ts'
import type { Outcome } from '../../cluster/types.ts'
import type { MeshErrorCode, ResponseFlag } from '../../kernel/errors.ts'
import type { Caller } from './caller.ts'
import type { Exchange } from './exchange.ts'
import type { Refusal } from './local-reply.ts'
import { editHead, hasReserved, type RawHeaders } from './response-headers.ts'

type Controller = Dispatcher.DispatchController

/** What the attempts of a call tell it: its caller's side, and one end. */
export interface AttemptsOwner extends Caller {
  flag(flag: ResponseFlag): void
  /** It is a call of gRPC with more than one message in a direction. */
  streaming(): void
  refused(refusal: Refusal, outcome: Outcome): void
  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void
  completed(outcome: Outcome, status: number, now: number): void
}

/**
 * The way from the attempts of a call to its caller: counts what passes, takes off what only the mesh may set, and makes
 * the route's changes.
 */
export abstract class AttemptRelay {
  protected readonly owner: AttemptsOwner
  protected readonly exchange: Exchange
  /** 0 until the caller has been given a response. */
  status = 0
  requestBytes = 0
  responseBytes = 0
  /** There for a call of gRPC. */
  readonly grpc: GrpcAccount | undefined

  constructor(owner: AttemptsOwner, exchange: Exchange) {
    this.owner = owner
    this.exchange = exchange
    this.grpc = exchange.isGrpc ? new GrpcAccount() : undefined
  }

  flag(flag: ResponseFlag): void {
    this.owner.flag(flag)
  }

  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void {
    this.owner.failed(error, code, outcome, now)
  }

  attemptInformed(status: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void {
    this.owner.inform(status, headers, statusMessage)
  }

  attemptData(chunk: Buffer): void {
    this.responseBytes += chunk.length
    if (this.grpc?.fromServer(chunk) === true) this.owner.streaming()
    this.owner.data(chunk)
  }

  attemptBodySent(chunk: Buffer): void {
    this.requestBytes += chunk.length
    if (this.grpc?.sent(chunk) === true) this.owner.streaming()
    this.owner.bodySent(chunk)
  }

  attemptRequestSent(): void {
    this.owner.requestSent()
  }

  attemptResponseStarted(): void {
    this.owner.responseStarted()
  }

  protected relayHead(
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void {
    const raw = controller.rawHeaders as RawHeaders
    const { mutations, setCookies } = this.exchange
    if (mutations === undefined && setCookies === undefined && !hasReserved(raw)) {
      this.owner.respond(controller, status, headers, controller.rawHeaders, statusMessage)
    } else {
      const head = editHead(raw, mutations, setCookies)
      this.owner.respond(controller, status, head.headers, head.raw, statusMessage)
    }
  }

  protected relayEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    const raw = controller.rawTrailers as RawHeaders | undefined
    const kept = raw === undefined || !hasReserved(raw) ? undefined : editHead(raw, undefined)
    this.owner.end(kept?.headers ?? trailers, kept?.raw ?? controller.rawTrailers)
  }

  protected relayUpgrade(controller: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    const raw = controller.rawHeaders as RawHeaders
    const { mutations, setCookies } = this.exchange
    const unchanged = mutations === undefined && setCookies === undefined && !hasReserved(raw)
    const head = unchanged ? { headers, raw: controller.rawHeaders } : editHead(raw, mutations, setCookies)
    this.owner.upgrade(status, head.headers, head.raw, socket)
  }
}
