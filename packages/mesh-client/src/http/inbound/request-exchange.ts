import type { EventEmitter } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { EMPTY_CONTEXT } from '../../context/request-context.ts'
import type { ResponseFlag } from '../../kernel/errors.ts'
import { GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import type { Connection } from './connection.ts'
import { ExchangeBase, type ExchangeHost } from './exchange-base.ts'
import type { RequestEvent } from './interpose.ts'
import { LeaveNotice } from './leave-notice.ts'
import { type PeekedBody, peekBody } from './peek-body.ts'
import { addToResponse, setHeaders } from './response-additions.ts'
import { type EmitArguments, type EmitMethod, type Watcher, watchGrpc, watchRequest, watchResponse } from './watched.ts'

/** A request and its response. */
export class RequestExchange extends ExchangeBase<IncomingMessage> implements Watcher {
  readonly isTunnel: boolean = false
  readonly #event: RequestEvent
  protected readonly response: ServerResponse
  #grpcStatus: string | undefined
  #notice: LeaveNotice | undefined

  constructor(
    host: ExchangeHost,
    connection: Connection,
    event: RequestEvent,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    super(host, connection, request)
    this.#event = event
    this.response = response
    watchRequest(request, this)
    watchResponse(response, this)
    if (this.isGrpc) watchGrpc(request, response)
  }

  forward(): void {
    this.host.emit(this.#event, this.request, this.response)
  }

  answer({ status, headers, body }: RouteReply, flag: ResponseFlag | '-'): void {
    if (flag !== '-') this.flag(flag)
    const { response, request } = this
    setHeaders(response, headers)
    // A body that was not asked for may come or not: the connection cannot be used again.
    if (this.#event === 'checkContinue' && request.httpVersionMajor < 2) response.setHeader('connection', 'close')
    response.writeHead(status)
    response.end(body)
    request.resume()
  }

  /** A client that waits to be asked for its body is asked. */
  peekBody(maxBytes: number): Promise<PeekedBody> {
    if (this.#event === 'checkContinue') this.response.writeContinue()
    return peekBody(this.request, this.isTunnel ? 0 : maxBytes)
  }

  addToResponse(headers: readonly string[]): void {
    addToResponse(this.response, headers)
  }

  /** Node emits `data` and `end` of a body of several chunks outside of the context in which the request came. It ends with the response. */
  hasLost(emitter: EventEmitter, event: string | symbol): boolean {
    if (this.ended) return false
    const current = this.host.store.getStore()
    if (current === this.context) return false
    if (current === undefined && this.context === EMPTY_CONTEXT && this.span === undefined) return false
    return emitter.listenerCount(event) > 0
  }

  emit(emitter: object, emit: EmitMethod, args: EmitArguments): boolean {
    const { store } = this.host
    if (this.span === undefined) return store.run(this.context, callEmit, emitter, emit, args)
    return this.span.run(() => store.run(this.context, callEmit, emitter, emit, args))
  }

  trailers(headers: OutgoingHttpHeaders | readonly OutgoingHttpHeader[]): void {
    this.#grpcStatus = grpcStatusIn(headers) ?? this.#grpcStatus
  }

  /** Over HTTP/1.1 what has become of the connection tells it all. */
  aborted(): void {}

  finished(): void {
    this.finish(true)
  }

  abandoned(): void {
    this.finish(false)
  }

  closeAfter(close: boolean): void {
    if (close) this.#notice ??= new LeaveNotice(this.response)
    else {
      this.#notice?.withdraw()
      this.#notice = undefined
    }
  }

  protected finish(complete: boolean): void {
    if (this.ended) return
    const response = this.response
    this.end(response.headersSent ? response.statusCode : 0, complete, this.#grpcStatusOf(response))
  }

  #grpcStatusOf(response: ServerResponse): string | undefined {
    if (!this.isGrpc) return undefined
    return this.#grpcStatus ?? response.getHeader(GRPC_STATUS_HEADER)?.toString()
  }
}

function callEmit(emitter: object, emit: EmitMethod, args: EmitArguments): boolean {
  return emit.apply(emitter, args)
}

function grpcStatusIn(headers: OutgoingHttpHeaders | readonly OutgoingHttpHeader[]): string | undefined {
  const pairs: readonly (readonly unknown[])[] = Array.isArray(headers) ? headers : Object.entries(headers)
  const found = pairs.find(([name]) => typeof name === 'string' && name.toLowerCase() === GRPC_STATUS_HEADER)
  return found === undefined ? undefined : String(found[1])
}
