import type { ChannelOptions, experimental, Metadata } from '@grpc/grpc-js'
import { grpcJs, loadedGrpcJs } from '../grpc-js.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import type { Bridge } from './bridge-options.ts'
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
  readonly bridge: Bridge
  readonly origin: string
  readonly options: ChannelOptions
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

/** As grpc-js has it where `grpc.max_receive_message_length` does not say. */
const DEFAULT_MAX_RECEIVE_BYTES = 4 * 1024 * 1024

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
    { bridge, origin, options }: BridgePlace,
    { metadata, host, method, listener, callNumber }: BridgeRequest,
  ) {
    const { mesh } = bridge
    if (mesh === undefined) throw new Error('a bridge has no calls where the mesh is turned off')
    this.#origin = origin
    this.#listener = listener
    this.#callNumber = callNumber
    const maxReceiveBytes = options['grpc.max_receive_message_length'] ?? DEFAULT_MAX_RECEIVE_BYTES
    const stream = new GrpcStream(mesh.outbound.dispatcher, this, maxReceiveBytes)
    this.#stream = stream
    const headers = headersOf(metadata, host, options)
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

/** As the transport of grpc-js writes them. */
function headersOf(metadata: Metadata, host: string, options: ChannelOptions): string[] {
  const headers = [
    'host',
    host,
    'content-type',
    'application/grpc',
    'te',
    'trailers',
    'user-agent',
    userAgentOf(options),
  ]
  for (const [name, given] of Object.entries(metadata.toHttp2Headers())) {
    if (given === undefined) continue
    for (const value of Array.isArray(given) ? given : [given]) headers.push(name, String(value))
  }
  return headers
}

function userAgentOf(options: ChannelOptions): string {
  const parts = [
    options['grpc.primary_user_agent'],
    `grpc-node-js/${loadedGrpcJs.version ?? '1.14'}`,
    options['grpc.secondary_user_agent'],
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(' ')
}
