import type { ChannelInterface, Metadata } from '@grpc/grpc-js'

/*
 * The interfaces of grpc-js that its clients stand on and that it does not export by name.
 */

/** One call, as the clients of grpc-js drive it. */
export type ChannelCall = ReturnType<ChannelInterface['createCall']>

/** Who is told what comes of a call. */
export type CallListener = Parameters<ChannelCall['start']>[1]

/** What is said of one message. */
export type MessageContext = Parameters<ChannelCall['sendMessageWithContext']>[0]

export type AuthContext = ReturnType<ChannelCall['getAuthContext']>

/** A call that a server of grpc-js is serving. */
export type ParentCall = NonNullable<Parameters<ChannelInterface['createCall']>[3]>

/** How a call ends; `cause` goes on to the error that a caller gets. */
export interface CallStatus {
  readonly code: number
  readonly details: string
  readonly metadata: Metadata
  readonly cause?: Error
}
