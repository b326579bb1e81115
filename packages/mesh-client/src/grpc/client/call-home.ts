import type { CallCredentials } from '@grpc/grpc-js'
import type { MeshInternals } from '../../mesh/internals.ts'
import type { GrpcJs } from '../grpc-js.ts'
import type { MeshTarget } from '../wire/target.ts'
import type { ChannelSettings } from './channel-settings.ts'
import type { EndableCall, WaitingCalls } from './waiting-calls.ts'

/** The channel of a call. */
export interface CallHome {
  readonly grpc: GrpcJs
  readonly internals: MeshInternals
  readonly settings: ChannelSettings
  readonly target: MeshTarget
  /** As it was written. */
  readonly targetText: string
  readonly credentials: CallCredentials | undefined
  /** What the server said last that it can decompress; `undefined`: nothing yet. */
  serverEncodings: readonly string[] | undefined
  readonly waiting: WaitingCalls
}

/** What is known of a call from its start. */
export interface CallFacts {
  readonly number: number
  /** `/helloworld.Greeter/SayHello` */
  readonly method: string
  /** Milliseconds since 1970; `Infinity`: none. */
  readonly deadline: number
  /** Instead of the channel's authority. */
  readonly host: string | undefined
}

/** A call as what opens it knows it. */
export interface OpenedCall extends EndableCall {
  readonly home: CallHome
  readonly facts: CallFacts
  /** The turn in which it was started is over: it is to be opened as soon as no message is being compressed. */
  turnOver(): void
}
