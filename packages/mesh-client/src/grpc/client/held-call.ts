import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import type { OriginTarget } from '../../http/outbound/origins.ts'
import type { HeldCall as Held } from '../../http/outbound/policy-wait.ts'
import type { GrpcJs } from '../grpc-js.ts'
import { checkSameCopy } from '../peer-check-copies.ts'
import { CALLER_LEFT, type WaitEnds } from './call-deadline.ts'
import type { AuthContext, CallListener, ChannelCall, MessageContext } from './call-types.ts'

/** What a held call asks of its channel. */
export interface HoldingHome {
  readonly grpc: GrpcJs
  readonly targetText: string
  /** The call itself, now that it is known where it leads. */
  decide(): ChannelCall
  /** It waits no longer, whatever has become of it. Told once. */
  left(): void
}

/**
 * A call of which it is not known yet whether it leads into the mesh: what is asked of it is kept and done when that is
 * known, a second later at most.
 */
export class HeldCall implements ChannelCall, Held, WaitEnds {
  readonly origin: string
  readonly #home: HoldingHome
  readonly #number: number
  #asked: ((call: ChannelCall) => void)[] = []
  #call: ChannelCall | undefined = undefined
  #listener: CallListener | undefined = undefined
  over = false

  constructor(home: HoldingHome, origin: string, number: number) {
    this.#home = home
    this.origin = origin
    this.#number = number
  }

  released(_target: OriginTarget): void {
    if (this.over) return
    this.#home.left()
    const call = this.#home.decide()
    const asked = this.#asked
    this.#asked = []
    this.#call = call
    for (const ask of asked) ask(call)
  }

  start(metadata: Metadata, listener: CallListener): void {
    checkSameCopy(metadata, 'Metadata', `The client of ${this.#home.targetText}`)
    this.#listener = listener
    const copy = metadata.clone()
    this.#ask((call) => call.start(copy, listener))
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    this.#ask((call) => call.sendMessageWithContext(context, message))
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
    if (this.#call !== undefined) {
      this.#call.cancelWithStatus(code, details)
      return
    }
    if (this.over) return
    this.over = true
    this.#asked = []
    this.#home.left()
    process.nextTick(() => {
      this.#listener?.onReceiveStatus({ code, details, metadata: new this.#home.grpc.Metadata() })
    })
  }

  /** It has waited as long as its caller would. */
  outOfTime(): void {
    if (this.#call === undefined) this.cancelWithStatus(GRPC_STATUS.DEADLINE_EXCEEDED, 'Deadline exceeded')
  }

  callerLeft(): void {
    if (this.#call === undefined) this.cancelWithStatus(GRPC_STATUS.CANCELLED, CALLER_LEFT)
  }

  getPeer(): string {
    return this.#call?.getPeer() ?? this.#home.targetText
  }

  getCallNumber(): number {
    return this.#number
  }

  getAuthContext(): AuthContext {
    return this.#call?.getAuthContext() ?? null
  }

  #ask(ask: (call: ChannelCall) => void): void {
    if (this.#call !== undefined) ask(this.#call)
    else if (!this.over) this.#asked.push(ask)
  }
}
