import type { IncomingHttpHeaders } from 'node:http'
import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { firstValue } from '../../kernel/first-value.ts'
import { frameOf } from '../../kernel/grpc-frame.ts'
import { checkSameCopy } from '../peer-check-copies.ts'
import { callHeaders } from '../wire/call-headers.ts'
import type { MessageEncoding, UnreadableMessage } from '../wire/compression.ts'
import { accountIn } from '../wire/failure-status.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import type { CallFacts, CallHome, OpenedCall } from './call-home.ts'
import type { AuthContext, CallListener, CallStatus, ChannelCall, MessageContext } from './call-types.ts'
import { Compressor } from './compressor.ts'
import { InboundMessages, type MessageReceiver } from './inbound-messages.ts'
import { Opening } from './opening.ts'
import { peerCertificateOf } from './peer-certificate.ts'
import { callStatus, responseMetadata } from './response-metadata.ts'
import { GrpcStream } from './stream.ts'
import type { StreamListener } from './stream-types.ts'

/** By a bit of a message's flags. grpc-js `WriteFlags`. */
const NO_COMPRESS = 2

/** One call as the clients of grpc-js drive it, over one stream of the mesh. */
export class MeshCall implements ChannelCall, StreamListener, MessageReceiver, OpenedCall {
  readonly home: CallHome
  readonly facts: CallFacts
  readonly #stream: GrpcStream
  readonly #inbound: InboundMessages
  readonly #opening: Opening
  readonly #encoding: MessageEncoding
  #compressor: Compressor | undefined = undefined
  #listener: CallListener | undefined = undefined
  #readAsked = false
  /** Told when what is being decompressed is done. */
  #ending: StreamStatus | undefined = undefined
  /** Where the last attempt of a failed call went. */
  #lastEndpoint: string | undefined = undefined
  #over = false
  #whenOver: (() => void) | undefined = undefined

  constructor(home: CallHome, facts: CallFacts) {
    const { settings, internals } = home
    this.home = home
    this.facts = facts
    this.#stream = new GrpcStream(internals.outbound.dispatcher, this, settings.maxReceiveBytes)
    this.#inbound = new InboundMessages(this, settings.maxReceiveBytes)
    this.#opening = new Opening(this, this.#stream)
    const known = home.serverEncodings
    this.#encoding = known === undefined || known.includes(settings.encoding) ? settings.encoding : 'identity'
  }

  start(metadata: Metadata, listener: CallListener): void {
    const { grpc, settings, targetText } = this.home
    if (!(metadata instanceof grpc.Metadata)) checkSameCopy(metadata, 'Metadata', `The client of ${targetText}`)
    this.#listener = listener
    const authority = this.facts.host ?? settings.authority
    const headers = callHeaders(metadata.toHttp2Headers(), settings.userAgent, this.#encoding, authority)
    this.#opening.begin(headers, metadata.getOptions().waitForReady === true)
  }

  sendMessageWithContext({ callback, flags }: MessageContext, message: Buffer): void {
    const { maxSendBytes } = this.home.settings
    if (maxSendBytes !== -1 && message.length > maxSendBytes) {
      const details = `Attempted to send message with a size larger than ${maxSendBytes}`
      this.cancelWithStatus(GRPC_STATUS.RESOURCE_EXHAUSTED, details)
      if (callback !== undefined) process.nextTick(callback)
      return
    }
    const encoding = ((flags ?? 0) & NO_COMPRESS) === 0 ? this.#encodingNow() : 'identity'
    if (encoding === 'identity' && this.#compressor?.busy !== true) {
      this.#stream.send(frameOf(message, false), callback)
      return
    }
    this.#compressor ??= new Compressor(this.#stream, (error) => {
      this.cancelWithStatus(GRPC_STATUS.INTERNAL, error.message)
    })
    this.#compressor.add(message, encoding, callback)
  }

  startRead(): void {
    if (this.#inbound.busy) this.#readAsked = true
    else this.#stream.read()
  }

  halfClose(): void {
    if (this.#compressor?.busy === true) this.#compressor.whenIdle(() => this.#noMore())
    else this.#noMore()
  }

  cancelWithStatus(code: number, details: string): void {
    if (this.#over) return
    if (this.#ending !== undefined) this.#ending = { ...this.#ending, code, details, headers: undefined }
    this.#opening.stop()
    this.#stream.cancel(code, details)
  }

  setCredentials(credentials: CallCredentials): void {
    this.#opening.credentials = credentials
  }

  getPeer(): string {
    return this.#stream.endpoint?.endpoint.id ?? this.#lastEndpoint ?? this.home.targetText
  }

  getCallNumber(): number {
    return this.facts.number
  }

  getAuthContext(): AuthContext {
    const { endpoint } = this.#stream
    return endpoint === undefined ? null : peerCertificateOf(this.home.internals.outbound.proven(endpoint))
  }

  /** Once, when the call is over. */
  whenOver(then: () => void): void {
    this.#whenOver = then
  }

  turnOver(): void {
    if (this.#compressor?.busy === true) this.#compressor.whenIdle(() => this.#opening.complete())
    else this.#opening.complete()
  }

  onHeaders(headers: IncomingHttpHeaders): void {
    const accepted = firstValue(headers['grpc-accept-encoding'])
    if (accepted !== undefined && accepted !== '') this.home.serverEncodings = accepted.split(',')
    this.#inbound.encoding = firstValue(headers['grpc-encoding']) ?? 'identity'
    this.#listener?.onReceiveMetadata(responseMetadata(this.home.grpc, headers))
  }

  onFrame(frame: Buffer): void {
    this.#inbound.add(frame)
  }

  onStatus(status: StreamStatus): void {
    if (status.error !== undefined) this.#lastEndpoint = accountIn(status.error)?.endpoint
    if (this.#inbound.busy) this.#ending = status
    else this.#tell(callStatus(this.home.grpc, status))
  }

  mayOpenAgain(status: StreamStatus): boolean {
    return this.#opening.mayOpenAgain(status)
  }

  onUnread(): void {
    this.#opening.limitRest()
  }

  message(bytes: Buffer): void {
    if (!this.#over) this.#listener?.onReceiveMessage(bytes)
  }

  unreadable({ code, details }: UnreadableMessage): void {
    if (this.#ending !== undefined) this.#ending = { ...this.#ending, code, details, headers: undefined }
    else this.cancelWithStatus(code, details)
  }

  caughtUp(): void {
    if (this.#ending !== undefined) this.#tell(callStatus(this.home.grpc, this.#ending))
    else if (this.#readAsked) this.#stream.read()
    this.#readAsked = false
  }

  #noMore(): void {
    this.#stream.halfClose()
    this.#opening.complete()
  }

  #encodingNow(): MessageEncoding {
    const known = this.home.serverEncodings
    return known === undefined || known.includes(this.#encoding) ? this.#encoding : 'identity'
  }

  #tell(status: CallStatus): void {
    if (this.#over) return
    this.#over = true
    this.#opening.stop()
    this.#whenOver?.()
    this.#listener?.onReceiveStatus(status as Parameters<CallListener['onReceiveStatus']>[0])
  }
}
