import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { EMPTY_CONTEXT } from '../../context/request-context.ts'
import type { ResponseFlag } from '../../kernel/errors.ts'
import type { ServerCallFacts } from '../../kernel/tracing.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import type { Connection } from './connection.ts'
import { EndedStream } from './ended-stream.ts'
import { ExchangeBase, type ExchangeHost } from './exchange-base.ts'
import { type PeekedBody, peekStream } from './peek-body.ts'
import { StreamFacts } from './stream-facts.ts'
import { mergeHeaders, sendableStatus } from './stream-headers.ts'
import { StreamRequest } from './stream-request.ts'
import { emitOf, type StreamWatcher, watchStream } from './watched-stream.ts'

const ignore = (): void => undefined
const OK = 200
const METHOD_NOT_ALLOWED = 405
/** What a caller may go on sending before it is told that nobody reads it: a window of flow control. */
const MOST_UNWANTED_BYTES = 65_535
const SERVED_TYPES = 'application/grpc'
const NO_BODY = new Uint8Array()

/** A stream as a server of HTTP/2 tells of it. */
export interface ArrivedStream {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly flags: number
  readonly rawHeaders: string[]
}

/** What comes and goes over one bare stream of HTTP/2, as a server of gRPC takes it. */
export class StreamExchange extends ExchangeBase<StreamRequest> implements StreamWatcher {
  readonly isTunnel = false
  readonly #stream: ServerHttp2Stream
  readonly #flags: number
  #additions: readonly string[] | undefined
  /** 0 until the response has begun. */
  #status = 0
  #grpcStatus: string | undefined
  #facts: ServerCallFacts | undefined
  #isAnswered = false
  /** What the application runs in: entered again for each event, where `run` of a store would make a new one, of half a kilobyte. */
  #scope: AsyncResource | undefined
  /** There when the mesh itself has answered: what has come since. */
  #unwantedBytes: number | undefined

  constructor(host: ExchangeHost, connection: Connection, { stream, flags, headers, rawHeaders }: ArrivedStream) {
    super(host, connection, new StreamRequest(headers, rawHeaders))
    this.#stream = stream
    this.#flags = flags
    watchStream(stream, this)
  }

  /** Until the application has it, nobody listens to what its caller breaks off. Called where that is not at once. */
  guard(): void {
    if (this.#scope === undefined) this.#stream.on('error', ignore)
  }

  /** grpc-js serves what only begins like it (`application/grpc-web`): a call that is told as HTTP would hide its status. */
  protected override isGrpcType(type: string): boolean {
    return type.startsWith(SERVED_TYPES) || super.isGrpcType(type)
  }

  get over(): Connection {
    return this.carrier
  }

  get remains(): StreamWatcher {
    return new EndedStream(this.carrier, this.token)
  }

  forward(): void {
    // While it was looked at its caller may have left, and the application would break on that.
    if (this.#isGone) return
    const { headers, rawHeaders, method } = this.request
    if (method !== 'POST') {
      this.#refuseMethod()
      return
    }
    this.#scope = new AsyncResource('weft.call')
    this.host.emit('stream', this.#stream, headers, this.#flags, rawHeaders)
  }

  peekBody(maxBytes: number): Promise<PeekedBody> {
    return peekStream(this.#stream, maxBytes)
  }

  answer({ status, headers, body }: RouteReply, flag: ResponseFlag | '-'): void {
    if (this.#isGone) return
    if (flag !== '-') this.flag(flag)
    const stream = this.#stream
    const isEmpty = body.length === 0
    this.#unwantedBytes = 0
    stream.respond(mergeHeaders({ ':status': status }, headers), { endStream: isEmpty })
    if (!isEmpty) {
      this.#isAnswered = true
      stream.end(body)
    }
    stream.resume()
  }

  addToResponse(headers: readonly string[]): void {
    this.#additions = headers
  }

  /** Node emits the events of a stream in the context in which its connection was accepted, which is nobody's. */
  hasLost(emitter: EventEmitter, event: string | symbol): boolean {
    const current = this.host.store.getStore()
    if (current === this.context) return false
    if (current === undefined && this.context === EMPTY_CONTEXT && this.span === undefined) return false
    return emitter.listenerCount(event) > 0
  }

  emit(stream: EventEmitter, event: string | symbol, value: unknown, second: unknown, third: unknown): boolean {
    const scope = this.#scope
    if (scope === undefined) return emitOf(stream, event, value, second, third)
    return scope.runInAsyncScope(emitOf, undefined, stream, event, value, second, third)
  }

  override received(chunk: Uint8Array): void {
    super.received(chunk)
    if (this.#unwantedBytes === undefined) return
    this.#unwantedBytes += chunk.length
    if (this.#unwantedBytes > MOST_UNWANTED_BYTES && this.#stream.writableFinished)
      this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  responding(headers: OutgoingHttpHeaders, options: ServerStreamResponseOptions = {}): OutgoingHttpHeaders {
    const { ':status': status = OK } = headers
    this.#status = Number(status)
    const sent = options.endStream === true ? this.trailing(headers) : headers
    return this.#additions === undefined ? sent : mergeHeaders(sent, this.#additions)
  }

  trailing(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    this.#isAnswered = true
    const sent = sendableStatus(headers)
    const { 'grpc-status': status } = sent
    if (status !== undefined) this.#grpcStatus = String(status)
    return sent
  }

  /**
   * Its answer is complete, which is when it is over, though its caller may go on sending for as long as it likes. To reset what a
   * server has answered (RFC 9113 section 8.1) would be right and has clients of grpc-js lose the status. The stream of a caller
   * that has ended its request closes now, and by then all bytes are counted.
   */
  finished(): void {
    const { writableFinished, readableEnded } = this.#stream
    if (this.#isAnswered && writableFinished && !readableEnded) this.closed()
  }

  /**
   * Where it was reset without an error Node waits until all that has come is read, which may be never: its application does not hear
   * of it, and the connection stays open when its other end has long gone.
   */
  reset(): void {
    const stream = this.#stream
    const waits = stream.readable && stream.rstCode === constants.NGHTTP2_NO_ERROR
    // Of what is answered it is the server itself that tells its caller to stop.
    if (waits && !stream.writableFinished && this.#unwantedBytes === undefined) stream.destroy()
  }

  closed(): void {
    if (this.ended) return
    const complete = this.#isAnswered
    const { deadline } = this.context
    this.end(this.#status, complete, this.#grpcStatusAt(complete))
    // Its caller has given up, answer or not, and with it all that is done for it.
    if (deadline !== undefined && deadline <= this.host.clock.now()) this.context.deadline = deadline
  }

  override get facts(): ServerCallFacts {
    this.#facts ??= new StreamFacts(this.request, this.isGrpc, this.carrier, this.host.methods)
    return this.#facts
  }

  abandoned(): void {
    this.closed()
  }

  /** The connection says it for all of its streams. */
  closeAfter(): void {}

  /** A server of gRPC has no way to cut off one call: whatever code a stream was reset with, its caller did it. */
  protected override get closedByApplication(): boolean {
    return false
  }

  get #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  /** gRPC has a status for a caller that left before there was one. */
  #grpcStatusAt(complete: boolean): string | undefined {
    if (!this.isGrpc || this.#grpcStatus !== undefined) return this.#grpcStatus
    return complete ? undefined : String(GRPC_STATUS.CANCELLED)
  }

  /** gRPC is POST alone; what takes any method would pass by policies of methods. gRPC over HTTP/2, "Requests". */
  #refuseMethod(): void {
    this.answer({ status: METHOD_NOT_ALLOWED, headers: ['allow', 'POST'], body: NO_BODY }, '-')
  }
}
