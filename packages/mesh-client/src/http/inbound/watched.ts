import type { EventEmitter } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { VerifiedToken } from '../../inbound/exchange.ts'

/*
 * A request and its response are watched by methods of their own, which survive what frameworks do to their prototypes
 * (Express replaces them). The methods are shared by all and find their exchange on the object, so that a request costs
 * four properties and no closure.
 */

const EXCHANGE = Symbol('weft.exchange')
const TUNNEL = Symbol('weft.tunnel')

/** What a watched request or response tells. */
export interface Watcher {
  /** Whether an event is about to reach listeners outside of the context of the exchange. */
  hasLost(emitter: EventEmitter, event: string | symbol): boolean
  /** Runs an emitter's own `emit` in the context of the exchange. */
  emit(emitter: object, emit: EmitMethod, args: EmitArguments): boolean
  /** The request is over before its response was written. */
  aborted(): void
  /** The response is written to its end. */
  finished(): void
  /** The response is over, written to its end or not. */
  abandoned(): void
  /** Set where a token was proven. */
  readonly token: VerifiedToken | undefined
  /** Bytes of a gRPC request are handed to the application. */
  received(chunk: Uint8Array): void
  /** Bytes of a gRPC response. */
  sent(chunk: Uint8Array): void
  /** Trailers of a gRPC response, as given. */
  trailers(headers: OutgoingHttpHeaders | readonly OutgoingHttpHeader[]): void
}

export type EmitArguments = [event: string | symbol, ...args: unknown[]]
export type EmitMethod = (...args: EmitArguments) => boolean

interface Marked {
  [EXCHANGE]?: Watcher
  [TUNNEL]?: Pick<Watcher, 'token'>
}

export function isWatched(request: IncomingMessage): boolean {
  return (request as Marked)[EXCHANGE] !== undefined
}

/** Remembers what came of the request of an upgrade, on it and on its socket. */
export function markTunnel(of: object, tunnel: Pick<Watcher, 'token'>): void {
  ;(of as Marked)[TUNNEL] = tunnel
}

/** The token that was proven with a request, or with the upgrade that a socket comes from. */
export function tokenOf(of: object): VerifiedToken | undefined {
  const { [EXCHANGE]: exchange, [TUNNEL]: tunnel } = of as Marked
  return (exchange ?? tunnel)?.token
}

export function watchRequest(request: IncomingMessage, watcher: Watcher): void {
  ;(request as Marked)[EXCHANGE] = watcher
  request.emit = emitOfRequest as typeof request.emit
}

export function watchResponse(response: ServerResponse, watcher: Watcher): void {
  ;(response as Marked)[EXCHANGE] = watcher
  response.emit = emitOfResponse as typeof response.emit
}

/** Has what passes in a call of gRPC seen too. HTTP/1.1 sends trailers by a method and keeps no record of them. */
export function watchGrpc(request: IncomingMessage, response: ServerResponse): void {
  request.emit = emitOfGrpcRequest as typeof request.emit
  response.write = writeOfGrpc as typeof response.write
  response.addTrailers = addTrailers
}

// Both use `arguments` as they are: a rest parameter is one array more for each of the ten events of a request.

function emitOfRequest(this: Marked & EventEmitter, event: string | symbol): boolean {
  const watcher = this[EXCHANGE] as Watcher
  if (event === 'aborted') watcher.aborted()
  // biome-ignore lint/complexity/noArguments: see above
  if (!watcher.hasLost(this, event)) return inheritedEmit(this).apply(this, arguments as unknown as EmitArguments)
  // biome-ignore lint/complexity/noArguments: see above
  return watcher.emit(this, inheritedEmit(this), arguments as unknown as EmitArguments)
}

function emitOfGrpcRequest(this: Marked & EventEmitter, event: string | symbol, value: unknown): boolean {
  if (event === 'data' && value instanceof Uint8Array) this[EXCHANGE]?.received(value)
  // biome-ignore lint/complexity/noArguments: see above
  return emitOfRequest.apply(this, arguments as unknown as [string | symbol])
}

/** What is given to `end` comes here too, as Node's HTTP/2 does it; gRPC is nothing over HTTP/1.1. */
function writeOfGrpc(this: Marked & ServerResponse, chunk: unknown): boolean {
  if (chunk instanceof Uint8Array) this[EXCHANGE]?.sent(chunk)
  const inherited: { write(...args: unknown[]): boolean } = Object.getPrototypeOf(this)
  // biome-ignore lint/complexity/noArguments: see above
  return inherited.write.apply(this, arguments as unknown as unknown[])
}

function emitOfResponse(this: Marked & EventEmitter, event: string | symbol): boolean {
  const watcher = this[EXCHANGE] as Watcher
  if (event === 'finish') watcher.finished()
  else if (event === 'close') watcher.abandoned()
  // biome-ignore lint/complexity/noArguments: see above
  if (!watcher.hasLost(this, event)) return inheritedEmit(this).apply(this, arguments as unknown as EmitArguments)
  // biome-ignore lint/complexity/noArguments: see above
  return watcher.emit(this, inheritedEmit(this), arguments as unknown as EmitArguments)
}

function addTrailers(this: ServerResponse, headers: OutgoingHttpHeaders | readonly OutgoingHttpHeader[]): void {
  ;(this as Marked)[EXCHANGE]?.trailers(headers)
  const inherited: { addTrailers: ServerResponse['addTrailers'] } = Object.getPrototypeOf(this)
  inherited.addTrailers.call(this, headers as OutgoingHttpHeaders)
}

function inheritedEmit(emitter: object): EmitMethod {
  return Object.getPrototypeOf(emitter).emit
}
