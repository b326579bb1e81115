import type { experimental, Metadata } from '@grpc/grpc-js'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { formatGrpcTimeout, parseGrpcTimeout } from '../../kernel/grpc-timeout.ts'
import { GRPC_TIMEOUT_HEADER } from '../../kernel/header-names.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import { grpcJs } from '../grpc-js.ts'
import { callHeaders } from '../wire/call-headers.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import { worthWaiting } from '../wire/waitable.ts'
import { CALLER_LEFT, type WaitEnds, WaitLimit } from './call-deadline.ts'
import type { ChannelSettings } from './channel-settings.ts'
import { peerCertificateOf } from './peer-certificate.ts'
import { ReadinessWait } from './readiness-wait.ts'
import { callStatus } from './response-metadata.ts'
import { GrpcStream } from './stream.ts'
import type { StreamListener, StreamRequest } from './stream-types.ts'
import type { WaitingCalls } from './waiting-calls.ts'

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
  readonly mesh: MeshInternals
  readonly origin: string
  readonly settings: ChannelSettings
  readonly waiting: WaitingCalls
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
 * channel's, above; attempts are the mesh's, below. To wait until a service can be reached is done here, as the channel sees no reason to.
 */
export class BridgeCall implements SubchannelCall, StreamListener, WaitEnds {
  readonly #place: BridgePlace
  readonly #listener: SubchannelCallListener
  readonly #callNumber: number
  readonly #stream: GrpcStream
  readonly #request: StreamRequest
  readonly #startedAt: number
  readonly #wait: ReadinessWait | undefined
  #limit: WaitLimit | undefined = undefined

  constructor(place: BridgePlace, { metadata, host, method, listener, callNumber }: BridgeRequest) {
    const { mesh, origin, settings } = place
    this.#place = place
    this.#listener = listener
    this.#callNumber = callNumber
    this.#startedAt = mesh.clock.now()
    this.#stream = new GrpcStream(mesh.outbound.dispatcher, this, settings.maxReceiveBytes)
    this.#request = { origin, path: method, headers: headersOf(metadata, host, settings) }
    this.#wait = metadata.getOptions().waitForReady === true ? new ReadinessWait(mesh) : undefined
    // By then a call of one message has said all it has to say, and is opened in one piece.
    process.nextTick(() => this.#stream.open(this.#request))
  }

  onHeaders(headers: Parameters<StreamListener['onHeaders']>[0]): void {
    this.#listener.onReceiveMetadata(grpcJs.Metadata.fromHttp2Headers(headers))
  }

  onFrame(frame: Buffer): void {
    this.#listener.onReceiveMessage(frame)
  }

  mayOpenAgain(status: StreamStatus): boolean {
    const { mesh, origin, waiting } = this.#place
    const { kind } = mesh.outbound.targets.resolve(origin)
    if (this.#wait === undefined || !worthWaiting(status, kind) || !waiting.add(this)) return false
    this.#limit ??= new WaitLimit(mesh, this)
    // The deadline of the call itself is kept by its channel.
    this.#limit.start(Number.POSITIVE_INFINITY)
    this.#wait.start(() => {
      waiting.delete(this)
      this.#stream.runInAsyncScope(this.#openAgain, this)
    })
    return true
  }

  outOfTime(): void {
    this.cancelWithStatus(GRPC_STATUS.DEADLINE_EXCEEDED, 'Deadline exceeded')
  }

  callerLeft(): void {
    this.cancelWithStatus(GRPC_STATUS.CANCELLED, CALLER_LEFT)
  }

  onStatus(status: StreamStatus): void {
    this.#stopWaiting()
    const { rstCode } = status
    const told = callStatus(grpcJs, status)
    this.#listener.onReceiveStatus(rstCode === undefined ? told : { ...told, rstCode })
  }

  cancelWithStatus(status: number, details: string): void {
    this.#stopWaiting()
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
    return this.#stream.endpoint?.endpoint.id ?? this.#place.origin.slice('http://'.length)
  }

  getCallNumber(): number {
    return this.#callNumber
  }

  getDeadlineInfo(): string[] {
    return [`remote_addr=${this.getPeer()}`]
  }

  getAuthContext(): object {
    const { endpoint } = this.#stream
    return endpoint === undefined ? {} : peerCertificateOf(this.#place.mesh.outbound.proven(endpoint))
  }

  #stopWaiting(): void {
    this.#wait?.stop()
    this.#limit?.stop()
    this.#place.waiting.delete(this)
  }

  /** With what is left of the time by then. */
  #openAgain(): void {
    const headers = [...this.#request.headers]
    const at = headers.findIndex((text, index) => index % 2 === 0 && text === GRPC_TIMEOUT_HEADER)
    const timeoutMs = at === -1 ? undefined : parseGrpcTimeout(headers[at + 1] as string)
    if (timeoutMs !== undefined) {
      const elapsedMs = this.#place.mesh.clock.now() - this.#startedAt
      headers[at + 1] = formatGrpcTimeout(Math.max(1, timeoutMs - elapsedMs))
    }
    this.#stream.open({ ...this.#request, headers })
  }
}

/** With the encoding that the channel's own filter compresses by. */
function headersOf(metadata: Metadata, host: string, { userAgent }: ChannelSettings): string[] {
  const named = metadata.get('grpc-encoding')[0]
  const encoding = named === 'gzip' || named === 'deflate' ? named : 'identity'
  return callHeaders(metadata.toHttp2Headers(), userAgent, encoding, host)
}
