import { AsyncResource } from 'node:async_hooks'
import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import { DEFAULT_REPLAY_LIMIT_BYTES, GRPC_STATUS } from '@weft/mesh-protocol'
import type { AuthContext, CallListener, ChannelCall, MessageContext } from './call-types.ts'

/** What a call to a host that is not of the mesh asks of its channel. */
export interface OutsideHome {
  /** The call itself, as far as it is known now where it leads. */
  make(): ChannelCall
  /** The host may have come into the mesh. */
  readonly ofMesh: () => boolean
  onPolicyChange(listener: () => void): () => void
}

type Ask = (call: ChannelCall) => void

/**
 * A call to a host that is not of the mesh, made by a channel of grpc-js. One that is told to wait until its service is there
 * waits for the mesh too: should the host come into it before anything has come of the call, the call is made there instead.
 */
export class OutsideCall extends AsyncResource implements ChannelCall {
  readonly #home: OutsideHome
  #call: ChannelCall
  /** All that was asked, while it may have to be asked of another call. */
  #asked: Ask[] | undefined = []
  #keptBytes = 0
  #stopListening: (() => void) | undefined = undefined

  constructor(home: OutsideHome) {
    super('WeftOutsideCall', { requireManualDestroy: true })
    this.#home = home
    this.#call = home.make()
  }

  start(metadata: Metadata, listener: CallListener): void {
    if (metadata.getOptions().waitForReady !== true) {
      this.#settle()
      this.#call.start(metadata, listener)
      return
    }
    const copy = metadata.clone()
    this.#stopListening = this.#home.onPolicyChange(() => this.runInAsyncScope(this.#look, this))
    this.#ask((call) => call.start(copy, this.#heeded(call, listener)))
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    this.#keptBytes += message.length
    if (this.#keptBytes > DEFAULT_REPLAY_LIMIT_BYTES) this.#settle()
    const once = this.#asked === undefined ? context : toldOnce(context)
    this.#ask((call) => call.sendMessageWithContext(once, message))
  }

  startRead(): void {
    this.#ask((call) => call.startRead())
  }

  halfClose(): void {
    this.#ask((call) => call.halfClose())
  }

  setCredentials(credentials: CallCredentials): void {
    this.#ask((call) => call.setCredentials(credentials))
  }

  cancelWithStatus(code: number, details: string): void {
    this.#call.cancelWithStatus(code, details)
  }

  getPeer(): string {
    return this.#call.getPeer()
  }

  getCallNumber(): number {
    return this.#call.getCallNumber()
  }

  getAuthContext(): AuthContext {
    return this.#call.getAuthContext()
  }

  #ask(ask: Ask): void {
    this.#asked?.push(ask)
    ask(this.#call)
  }

  #heeded(call: ChannelCall, listener: CallListener): CallListener {
    return {
      onReceiveMetadata: (metadata) => {
        if (this.#hears(call)) listener.onReceiveMetadata(metadata)
      },
      onReceiveMessage: (message) => {
        if (this.#hears(call)) listener.onReceiveMessage(message)
      },
      onReceiveStatus: (status) => {
        if (this.#hears(call)) listener.onReceiveStatus(status)
      },
    }
  }

  /** Something has come of a call: it stays with it. False: it was left before. */
  #hears(call: ChannelCall): boolean {
    if (call !== this.#call) return false
    this.#settle()
    return true
  }

  #settle(): void {
    this.#asked = undefined
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  #look(): void {
    const asked = this.#asked
    if (asked === undefined || !this.#home.ofMesh() || hasReached(this.#call)) return
    const left = this.#call
    this.#call = this.#home.make()
    this.#settle()
    left.cancelWithStatus(GRPC_STATUS.CANCELLED, 'the host has come into the mesh')
    for (const ask of asked) ask(this.#call)
  }
}

/** Until it has a connection, a call of grpc-js names its target as its peer, or nobody. */
function hasReached(call: ChannelCall): boolean {
  return !/^(?:dns:|unknown$)/.test(call.getPeer())
}

/** Grpc-js tells senders that a message is sent when it has kept it for a retry; the same is sent again then. */
function toldOnce({ callback, ...context }: MessageContext): MessageContext {
  let tell = callback
  return {
    ...context,
    callback: () => {
      const told = tell
      tell = undefined
      told?.()
    },
  }
}
