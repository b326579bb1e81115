import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  makeGenericClientConstructor,
  type Server,
  type ServiceError,
} from '@grpc/grpc-js'
import type { RunOptions } from './measure.ts'

/** What each message weighs. It is sent as it is, so that no serializer is measured. */
const MESSAGE = Buffer.alloc(100, 'weft')

/** How many messages a stream carries; of a bidirectional one, each way. */
export const MESSAGES_A_STREAM = 100

const asItIs = (bytes: Buffer): Buffer => bytes
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/bench.Reviews/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
})
const METHODS = {
  Get: method('Get', false, false),
  List: method('List', false, true),
  Chat: method('Chat', true, true),
} as const

const get: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, MESSAGE)

const list: handleServerStreamingCall<Buffer, Buffer> = async (call) => {
  for (let sent = 0; sent < MESSAGES_A_STREAM && !call.cancelled; sent++) {
    if (!call.write(MESSAGE)) await new Promise((resolve) => call.once('drain', resolve))
  }
  call.end()
}

const chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (message: Buffer) => call.write(message))
  call.on('end', () => call.end())
}

/** Adds the service that all ways to call it call. */
export function addReviews(server: Server): void {
  server.addService(METHODS, { Get: get, List: list, Chat: chat })
}

export interface ReviewsClient extends Client {
  Get(request: Buffer, callback: (error: ServiceError | null, reply?: Buffer) => void): unknown
  List(request: Buffer): ClientReadableStream<Buffer>
  Chat(): ClientDuplexStream<Buffer, Buffer>
}

type NewReviewsClient = new (target: string, credentials: ChannelCredentials, options?: ChannelOptions) => ReviewsClient

export const newReviewsClient = makeGenericClientConstructor(METHODS, 'bench.Reviews') as unknown as NewReviewsClient

/** A call that carries one message each way, or a stream. */
export type CallKind = 'unary' | 'server streaming' | 'bidi streaming'

export interface GrpcRunOptions extends RunOptions {
  readonly kind: CallKind
}

/** For each kind a call that resolves with whether it came to what it should. */
export function sendsOf(client: ReviewsClient): Readonly<Record<CallKind, () => Promise<boolean>>> {
  return {
    unary: () => new Promise((resolve) => void client.Get(MESSAGE, (error, reply) => resolve(isWhole(error, reply)))),
    'server streaming': () => counted(client.List(MESSAGE), () => undefined),
    'bidi streaming': () => pingPong(client.Chat()),
  }
}

const isWhole = (error: ServiceError | null, reply: Buffer | undefined): boolean =>
  error === null && reply?.length === MESSAGE.length

/** Each message is sent when the one before has come back, as in a conversation. */
function pingPong(call: ClientDuplexStream<Buffer, Buffer>): Promise<boolean> {
  call.write(MESSAGE)
  return counted(call, (came) => {
    if (came < MESSAGES_A_STREAM) call.write(MESSAGE)
    else call.end()
  })
}

function counted(call: ClientReadableStream<Buffer>, onMessage: (came: number) => void): Promise<boolean> {
  return new Promise((resolve) => {
    let came = 0
    call.on('data', () => onMessage(++came))
    call.on('error', () => resolve(false))
    call.on('end', () => resolve(came === MESSAGES_A_STREAM))
  })
}
