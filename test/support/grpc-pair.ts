import * as grpc from '@grpc/grpc-js'
import type { Cluster, Endpoint, Route } from '@weft/mesh-protocol'
import { createClientEdge } from '../../packages/mesh-client/src/grpc/client/create-channel.ts'
import { createCredentials } from '../../packages/mesh-client/src/grpc/credentials.ts'
import type { GrpcEnvironment } from '../../packages/mesh-client/src/grpc/edges.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import type { MeshInternals } from '../../packages/mesh-client/src/mesh/internals.ts'
import { bindLoopback } from './grpc/bind-loopback.ts'
import { type Harness, type HarnessOptions, localEndpoint, outboundHarness } from './outbound.ts'

/** The edge of gRPC clients over an outbound side whose policy is set by hand. */
export interface GrpcHarness extends AsyncDisposable {
  readonly mesh: Harness
  readonly credentials: grpc.ChannelCredentials
  channel(target?: string, options?: grpc.ChannelOptions, credentials?: grpc.ChannelCredentials): grpc.ChannelInterface
  client(options?: grpc.ClientOptions, target?: string, credentials?: grpc.ChannelCredentials): grpc.Client
}

/** Where the harness' routes lead. */
export const TARGET = 'weft:///reviews'

export function grpcHarness(options: HarnessOptions = {}): GrpcHarness {
  const mesh = outboundHarness({ ...options, cluster: { protocol: 'grpc', ...options.cluster } })
  const internals = {
    ...mesh,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  } as unknown as MeshInternals
  const edge = createClientEdge({ grpc, internals } as unknown as GrpcEnvironment)
  const credentials = createCredentials(grpc)
  const channels = new Set<grpc.ChannelInterface>()
  const channel: GrpcHarness['channel'] = (target = TARGET, options = {}, given = credentials) => {
    const made = edge.channel({ target, credentials: given, options })
    channels.add(made)
    return made
  }
  return {
    mesh,
    credentials,
    channel,
    client: (options = {}, target = TARGET, given = credentials) =>
      new grpc.Client(target, given, {
        ...options,
        channelFactoryOverride: (address, found, { channelFactoryOverride, ...rest }) =>
          channel(address, rest as grpc.ChannelOptions, found),
      }),
    async [Symbol.asyncDispose]() {
      for (const made of channels) made.close()
      await mesh[Symbol.asyncDispose]()
    },
  }
}

/** A client of grpc-js and one of the mesh, that call the same server. */
export interface GrpcPair extends AsyncDisposable {
  readonly port: number
  readonly harness: GrpcHarness
  /** New ones with these options; closed with the pair. */
  clients(options?: grpc.ClientOptions): Readonly<Record<'bare' | 'mesh', grpc.Client>>
}

export interface PairOptions {
  readonly cluster?: Partial<Cluster>
  readonly routes?: readonly Route[]
  readonly endpoints?: readonly Endpoint[]
}

/** @param close ends the server */
export function grpcPair(port: number, close: () => void | PromiseLike<void>, options: PairOptions = {}): GrpcPair {
  const harness = grpcHarness({ endpoints: [localEndpoint(port)], ...options })
  const made: grpc.Client[] = []
  return {
    port,
    harness,
    clients(options = {}) {
      const given = { 'grpc.default_authority': 'reviews', 'grpc.enable_retries': 0, ...options }
      const bare = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
        ...given,
        'grpc.use_local_subchannel_pool': 1,
      })
      const mesh = harness.client(given)
      made.push(bare, mesh)
      return { bare, mesh }
    },
    async [Symbol.asyncDispose]() {
      for (const client of made) client.close()
      await close()
      await harness[Symbol.asyncDispose]()
    },
  }
}

/** Messages are bytes as they are. */
export const asIs = (bytes: Buffer): Buffer => bytes

/** A service of messages that are bytes: one method of each kind. */
export const PLAIN_SERVICE = {
  unary: method('Unary', false, false),
  clientStream: method('ClientStream', true, false),
  serverStream: method('ServerStream', false, true),
  bidi: method('Bidi', true, true),
} as const

function method(name: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Plain/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
}

export interface PlainHandlers {
  unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void
  clientStream(call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void
  serverStream(call: grpc.ServerWritableStream<Buffer, Buffer>): void
  bidi(call: grpc.ServerDuplexStream<Buffer, Buffer>): void
}

/** A server of grpc-js itself; methods that a test does not give end with UNIMPLEMENTED. */
export async function startPlainServer(
  handlers: Partial<PlainHandlers>,
  options: grpc.ServerOptions = {},
): Promise<{ readonly server: grpc.Server; readonly port: number }> {
  const server = new grpc.Server(options)
  server.addService(PLAIN_SERVICE, handlers as unknown as grpc.UntypedServiceImplementation)
  return { server, port: await bindLoopback(server) }
}

/** All that a caller sees of a call. */
export interface Seen {
  readonly metadata: Record<string, unknown>
  readonly messages: readonly string[]
  readonly code: number
  readonly details: string
  readonly trailers: Record<string, unknown>
  readonly peer: string
}

export interface CallOptions extends grpc.CallOptions {
  readonly metadata?: grpc.Metadata
  /** Sent in turn; a unary or server streaming call has one. */
  readonly messages?: readonly (string | Buffer)[]
  /** Called when the call has begun. */
  begun?(call: grpc.ClientDuplexStream<Buffer, Buffer>): void
  /** Of a streaming response. */
  onMessage?(message: Buffer, call: grpc.ClientDuplexStream<Buffer, Buffer>): void
  /** Leaves the request of a stream open. */
  readonly leaveOpen?: boolean
}

export type Kind = keyof typeof PLAIN_SERVICE

/** Makes a call of any kind and tells all that is seen of it. */
export function callPlain(client: grpc.Client, kind: Kind, options: CallOptions = {}, path?: string): Promise<Seen> {
  const { metadata = new grpc.Metadata(), messages = ['hello'], begun, onMessage, leaveOpen, ...rest } = options
  const given = messages.map((message) => Buffer.from(message as string))
  const first = given[0] ?? Buffer.alloc(0)
  const to = path ?? PLAIN_SERVICE[kind].path
  return new Promise((resolve) => {
    const seen = { metadata: {}, messages: [] as string[] }
    const answered = (_error: unknown, value?: Buffer): void => {
      if (value !== undefined) seen.messages.push(text(value))
    }
    const call = (
      kind === 'unary'
        ? client.makeUnaryRequest(to, asIs, asIs, first, metadata, rest, answered)
        : kind === 'clientStream'
          ? client.makeClientStreamRequest(to, asIs, asIs, metadata, rest, answered)
          : kind === 'serverStream'
            ? client.makeServerStreamRequest(to, asIs, asIs, first, metadata, rest)
            : client.makeBidiStreamRequest(to, asIs, asIs, metadata, rest)
    ) as grpc.ClientDuplexStream<Buffer, Buffer>
    call.on('error', () => undefined)
    call.on('metadata', (received: grpc.Metadata) => {
      seen.metadata = plain(received)
    })
    if (kind === 'serverStream' || kind === 'bidi') {
      call.on('data', (message: Buffer) => {
        seen.messages.push(text(message))
        onMessage?.(message, call)
      })
    }
    call.on('status', (status: grpc.StatusObject) => {
      const { code, details, metadata: trailers } = status
      // What a call without a stream answers is told after its status.
      setImmediate(() => resolve({ ...seen, code, details, trailers: plain(trailers), peer: call.getPeer() }))
    })
    begun?.(call)
    if (kind === 'clientStream' || kind === 'bidi') {
      for (const message of given) call.write(message)
      if (leaveOpen !== true) call.end()
    }
  })
}

function text(message: Buffer): string {
  return message.length > 1_000 ? `${message.length} bytes` : message.toString('latin1')
}

/** What differs from call to call is left out. */
function plain(metadata: grpc.Metadata): Record<string, unknown> {
  const { date, ...kept } = metadata.toJSON()
  return Object.fromEntries(
    Object.entries(kept).map(([name, values]) => [
      name,
      (values as (string | Buffer)[]).map((value) =>
        Buffer.isBuffer(value) ? `base64 ${value.toString('base64')}` : value,
      ),
    ]),
  )
}
