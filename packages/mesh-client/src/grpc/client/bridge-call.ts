import type { experimental, Metadata } from '@grpc/grpc-js'
import { grpcJs } from '../grpc-js.ts'
import { callHeaders } from '../wire/call-headers.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import type { BridgeMesh } from './bridge-options.ts'
import type { ChannelSettings } from './channel-settings.ts'
import { GrpcStream, type StreamListener } from './stream.ts'

/** What grpc-js tells of a call on a subchannel; its own name for it is not exported. */
export interface SubchannelCallListener {
  onReceiveMetadata(metadata: Metadata): void
  /** With its prefix: a filter above takes it off and decompresses. */
  onReceiveMessage(frame: Buffer): void
  onReceiveStatus(status: SubchannelStatus): void
}

interface SubchannelStatus {
  readonly code: number
  readonly details: string
  readonly metadata: Metadata
  readonly rstCode?: number
}

type MessageContext = Parameters<experimental.CallStream['sendMessageWithContext']>[0]

/** What grpc-js asks of a call on a subchannel. */
export interface SubchannelCall {
  cancelWithStatus(status: number, details: string): void
  getPeer(): string
  sendMessageWithContext(context: MessageContext, frame: Buffer): void
  startRead(): void
  halfClose(): void
  getCallNumber(): number
  getDeadlineInfo(): string[]
  getAuthContext(): object
}

/** Where the calls of a channel go. */
export interface BridgePlace {
  readonly mesh: BridgeMesh
  readonly origin: string
  readonly settings: ChannelSettings
}

/** A call, as a channel of grpc-js starts it on a subchannel. */
export interface BridgeRequest {
  /** Of this attempt alone; `grpc-timeout` says what is left of the deadline. */
  readonly metadata: Metadata
  /** Becomes the authority. */
  readonly host: string
  readonly method: string
  readonly listener: SubchannelCallListener
  readonly callNumber: number
}

/**
 * One call of a channel that grpc-js makes, as one stream of the mesh. Deadline, compression and the limit of sent messages are the
 * channel's, above; attempts are the mesh's, below.
 */
export class BridgeCall implements SubchannelCall, StreamListener {
  readonly #origin: string
  readonly #listener: SubchannelCallListener
  readonly #callNumber: number
  readonly #stream: GrpcStream

  constructor(
    { mesh, origin, settings }: BridgePlace,
    { metadata, host, method, listener, callNumber }: BridgeRequest,
  ) {
    this.#origin = origin
    this.#listener = listener
    this.#callNumber = callNumber
    const stream = new GrpcStream(mesh.outbound.dispatcher, this, settings.maxReceiveBytes)
    this.#stream = stream
    const headers = headersOf(metadata, host, settings)
    // By then a call of one message has said all it has to say, and is opened in one piece.
    process.nextTick(() => stream.open({ origin, path: method, headers }))
  }

  onHeaders(headers: Parameters<StreamListener['onHeaders']>[0]): void {
    this.#listener.onReceiveMetadata(grpcJs.Metadata.fromHttp2Headers(headers))
  }

  onFrame(frame: Buffer): void {
    this.#listener.onReceiveMessage(frame)
  }

  onStatus({ code, details, headers, rstCode }: StreamStatus): void {
    const metadata = headers === undefined ? new grpcJs.Metadata() : grpcJs.Metadata.fromHttp2Headers(headers)
    metadata.remove('grpc-status')
    metadata.remove('grpc-message')
    this.#listener.onReceiveStatus({ code, details, metadata, ...(rstCode !== undefined && { rstCode }) })
  }

  cancelWithStatus(status: number, details: string): void {
    this.#stream.cancel(status, details)
  }

  sendMessageWithContext({ callback }: MessageContext, frame: Buffer): void {
    this.#stream.send(frame, callback === undefined ? undefined : () => callback())
  }

  startRead(): void {
    this.#stream.read()
  }

  halfClose(): void {
    this.#stream.halfClose()
  }

  getPeer(): string {
    return this.#origin.slice('http://'.length)
  }

  getCallNumber(): number {
    return this.#callNumber
  }

  getDeadlineInfo(): string[] {
    return [`mesh: ${this.#origin}`]
  }

  getAuthContext(): object {
    return {}
  }
}

/** With the encoding that the channel's own filter compresses by. */
function headersOf(metadata: Metadata, host: string, { userAgent }: ChannelSettings): string[] {
  const named = metadata.get('grpc-encoding')[0]
  const encoding = named === 'gzip' || named === 'deflate' ? named : 'identity'
  return callHeaders(metadata.toHttp2Headers(), userAgent, encoding, host)
}
