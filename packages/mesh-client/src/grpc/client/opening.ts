import type { OutgoingHttpHeaders } from 'node:http'
import type { CallCredentials } from '@grpc/grpc-js'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { formatGrpcTimeout } from '../../kernel/grpc-timeout.ts'
import { addMetadata, withTimeout } from '../wire/call-headers.ts'
import type { StreamStatus } from '../wire/stream-status.ts'
import { worthWaiting } from '../wire/waitable.ts'
import { credentialsFor } from './call-credentials.ts'
import { CALLER_LEFT, type WaitEnds, WaitLimit } from './call-deadline.ts'
import type { OpenedCall } from './call-home.ts'
import { ReadinessWait } from './readiness-wait.ts'
import type { GrpcStream } from './stream.ts'

/**
 * When a call goes to the engine of the mesh: as soon as its request is complete, which that of a unary call is before the
 * turn of its start is over, else at the end of that turn, so that it is known whether there is more to come. What call
 * credentials add is waited for; a call that is told to wait until its service is there is made again until then.
 */
export class Opening implements WaitEnds {
  credentials: CallCredentials | undefined = undefined
  readonly #call: OpenedCall
  readonly #stream: GrpcStream
  #headers: string[] = []
  #waitsForReady = false
  #state: 'idle' | 'begun' | 'opening' | 'open' | 'stopped' = 'idle'
  #limit: WaitLimit | undefined = undefined
  #wait: ReadinessWait | undefined = undefined

  constructor(call: OpenedCall, stream: GrpcStream) {
    this.#call = call
    this.#stream = stream
  }

  begin(headers: string[], waitsForReady: boolean): void {
    if (this.#state === 'stopped') return
    this.#headers = headers
    this.#waitsForReady = waitsForReady
    this.#state = 'begun'
    process.nextTick(turnOver, this.#call)
  }

  /**
   * There is nothing to wait for: all that is sent is known, or that there will be more. Who says so may do it in another
   * context than the call was made in, whose trace and deadline are the call's.
   */
  complete(): void {
    if (this.#state === 'begun') this.#stream.runInAsyncScope(this.#proceed, this)
  }

  stop(): void {
    this.#state = 'stopped'
    this.#limit?.stop()
    if (this.#wait !== undefined) this.#leaveWait(this.#wait)
  }

  /** The engine has done with the call, whose caller has not. */
  limitRest(): void {
    if (this.#state === 'open') this.#limitWait()
  }

  outOfTime(): void {
    this.#call.cancelWithStatus(GRPC_STATUS.DEADLINE_EXCEEDED, 'Deadline exceeded')
  }

  callerLeft(): void {
    this.#call.cancelWithStatus(GRPC_STATUS.CANCELLED, CALLER_LEFT)
  }

  mayOpenAgain(status: StreamStatus): boolean {
    if (!this.#waitsForReady || this.#state !== 'open') return false
    const { internals, target } = this.#call.home
    const { kind } = internals.outbound.targets.resolve(target.origin)
    if (!worthWaiting(status, kind) || !this.#call.home.waiting.add(this.#call)) return false
    this.#limitWait()
    const wait = this.#wait ?? new ReadinessWait(internals)
    this.#wait = wait
    wait.start(() => {
      this.#leaveWait(wait)
      this.#stream.runInAsyncScope(this.#open, this)
    })
    return true
  }

  #leaveWait(wait: ReadinessWait): void {
    wait.stop()
    this.#call.home.waiting.delete(this.#call)
  }

  #proceed(): void {
    const { home } = this.#call
    this.#state = 'opening'
    const credentials = composed(this.credentials, home.credentials)
    if (credentials === undefined) this.#open()
    else void this.#openWith(credentials)
  }

  async #openWith(credentials: CallCredentials): Promise<void> {
    const { home, facts } = this.#call
    this.#limitWait()
    const authority = facts.host ?? home.settings.authority ?? home.target.authority
    const result = await credentialsFor(credentials, facts.method, authority)
    if (this.#state === 'stopped') return
    if (!result.ok) {
      this.#call.cancelWithStatus(result.code, result.details)
      return
    }
    this.#add(result.headers)
    this.#open()
  }

  #add(headers: OutgoingHttpHeaders): void {
    addMetadata(this.#headers, headers)
    if (this.#headers.indexOf('authorization') === this.#headers.lastIndexOf('authorization')) return
    this.#call.cancelWithStatus(GRPC_STATUS.INTERNAL, '"authorization" metadata cannot have multiple values')
  }

  #open(): void {
    if (this.#state === 'stopped') return
    const { home, facts } = this.#call
    const { internals, target } = home
    const remainingMs = this.#remainingMs()
    // A deadline that is no time at all is over too.
    if (!(remainingMs > 0)) {
      this.outOfTime()
      return
    }
    const { kind } = internals.outbound.targets.resolve(target.origin)
    if (kind === 'outside') {
      this.#call.cancelWithStatus(GRPC_STATUS.UNAVAILABLE, `${target.hostname} has left the mesh; make the call again`)
      return
    }
    if (kind !== 'served') this.#limitWait()
    this.#state = 'open'
    const headers =
      remainingMs === Number.POSITIVE_INFINITY
        ? this.#headers
        : withTimeout(this.#headers, formatGrpcTimeout(Math.ceil(remainingMs)))
    this.#stream.open({ origin: target.origin, path: facts.method, headers })
  }

  /** The engine keeps the deadline of a call that it has; until then it is kept here. */
  #limitWait(): void {
    const { home, facts } = this.#call
    this.#limit ??= new WaitLimit(home.internals, this)
    this.#limit.start(facts.deadline)
  }

  #remainingMs(): number {
    const { home, facts } = this.#call
    return facts.deadline === Number.POSITIVE_INFINITY
      ? facts.deadline
      : facts.deadline - home.internals.clock.wallNow()
  }
}

function composed(
  own: CallCredentials | undefined,
  channels: CallCredentials | undefined,
): CallCredentials | undefined {
  if (own === undefined || channels === undefined) return own ?? channels
  return own.compose(channels)
}

function turnOver(call: OpenedCall): void {
  call.turnOver()
}
