import type { ChannelInterface, Deadline } from '@grpc/grpc-js'
import type { OriginKind } from '../../http/outbound/origins.ts'
import type { MeshInternals } from '../../mesh/internals.ts'
import type { ChannelParts } from '../edges.ts'
import type { GrpcJs } from '../grpc-js.ts'
import type { MeshTarget } from '../wire/target.ts'
import { deadlineMs, WaitLimit } from './call-deadline.ts'
import type { CallHome } from './call-home.ts'
import type { ChannelCall, ParentCall } from './call-types.ts'
import { channelSettings } from './channel-settings.ts'
import { Connectivity } from './connectivity.ts'
import { HeldCall } from './held-call.ts'
import { MeshCall } from './mesh-call.ts'
import { OutsideCall } from './outside-call.ts'
import { createOutsideChannel, outsideTarget } from './outside-channel.ts'
import { followParent, parentDeadline } from './parent-call.ts'
import { WaitingCalls } from './waiting-calls.ts'

type ChannelzRef = ReturnType<ChannelInterface['getChannelzRef']>
type ConnectivityState = ReturnType<ChannelInterface['getConnectivityState']>

/** What a channel of the mesh is made of. */
export interface MeshChannelParts extends ChannelParts {
  readonly grpc: GrpcJs
  readonly grpcVersion: string
  readonly internals: MeshInternals
  readonly where: MeshTarget
  readonly callCredentials: CallHome['credentials']
  /** Numbers the calls of a process. */
  nextCallNumber(): number
}

const SHUT_DOWN = 'Channel has been shut down'

/**
 * A channel to a host of the mesh. It has no connections of its own: its calls are requests of the mesh's engine. A host
 * that is not of the mesh is left to a channel of grpc-js.
 */
export class MeshChannel implements ChannelInterface {
  readonly #parts: MeshChannelParts
  readonly #home: CallHome
  readonly #connectivity: Connectivity
  readonly #waiting = new WaitingCalls()
  #outside: ChannelInterface | undefined = undefined
  #closed = false

  constructor(parts: MeshChannelParts) {
    this.#parts = parts
    const { grpc, internals, where, target, callCredentials } = parts
    this.#home = {
      grpc,
      internals,
      settings: channelSettings(parts.options, parts.grpcVersion),
      target: where,
      targetText: target,
      credentials: callCredentials,
      serverEncodings: undefined,
      waiting: this.#waiting,
    }
    this.#connectivity = new Connectivity(internals, where, (tryToConnect) =>
      this.#outsideChannel().getConnectivityState(tryToConnect),
    )
  }

  /** Calls that have a server are let finish. */
  close(): void {
    this.#closed = true
    this.#connectivity.close()
    this.#waiting.close()
    this.#outside?.close()
  }

  getTarget(): string {
    return this.#parts.target
  }

  getConnectivityState(tryToConnect: boolean): ConnectivityState {
    return this.#connectivity.state(tryToConnect) as ConnectivityState
  }

  watchConnectivityState(
    currentState: ConnectivityState,
    deadline: Date | number,
    callback: (error?: Error) => void,
  ): void {
    if (this.#closed) throw new Error(SHUT_DOWN)
    this.#connectivity.watch(currentState, deadlineMs(deadline), callback)
  }

  /** There is nothing for channelz to know of it: the mesh has its own telemetry. */
  getChannelzRef(): ChannelzRef {
    return { kind: 'channel' as ChannelzRef['kind'], id: -1, name: this.#parts.target }
  }

  createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parentCall: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): ChannelCall {
    if (typeof method !== 'string') throw new TypeError('Channel#createCall: method must be a string')
    if (!(typeof deadline === 'number' || deadline instanceof Date)) {
      throw new TypeError('Channel#createCall: deadline must be a number or Date')
    }
    if (this.#closed) throw new Error(SHUT_DOWN)
    const make = (): ChannelCall => this.#made(method, deadline, host, parentCall, propagateFlags)
    const decide = (): ChannelCall => (this.#ofMesh() ? make() : this.#outsideCall(make))
    return this.#kind() === 'undecided' ? this.#held(decide, deadlineMs(deadline)) : decide()
  }

  #kind(): OriginKind {
    const { internals, where } = this.#parts
    return internals.outbound.targets.resolve(where.origin).kind
  }

  /** What is not known after the wait for policy follows the default of a mesh without any: it is let through. */
  #ofMesh(): boolean {
    const kind = this.#kind()
    return kind !== 'outside' && kind !== 'undecided'
  }

  #outsideCall(make: () => ChannelCall): ChannelCall {
    const { policy } = this.#parts.internals
    return new OutsideCall({
      make,
      ofMesh: () => this.#ofMesh(),
      onPolicyChange: (listener) => policy.onChange(listener),
    })
  }

  #made(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parent: ParentCall | null,
    flags: number | null | undefined,
  ): ChannelCall {
    if (!this.#ofMesh()) return this.#outsideChannel().createCall(method, deadline, host, parent, flags)
    const call = new MeshCall(this.#home, {
      number: this.#parts.nextCallNumber(),
      method,
      deadline: parentDeadline(parent, flags, deadlineMs(deadline)),
      host: host ?? undefined,
    })
    if (parent !== null) followParent(parent, flags, call)
    return call
  }

  #held(decide: () => ChannelCall, deadline: number): ChannelCall {
    const { grpc, internals, where, target, nextCallNumber } = this.#parts
    const { outbound, clock } = internals
    const left = (): void => {
      limit.stop()
      this.#waiting.delete(held)
    }
    const held: HeldCall = new HeldCall({ grpc, targetText: target, decide, left }, where.origin, nextCallNumber())
    const limit = new WaitLimit(internals, held)
    this.#waiting.add(held)
    outbound.targets.hold(held, clock.now())
    limit.start(deadline)
    return held
  }

  #outsideChannel(): ChannelInterface {
    const { grpc, where } = this.#parts
    this.#outside ??= createOutsideChannel(grpc, this.#parts, outsideTarget(where.hostname, where.port))
    return this.#outside
  }
}
