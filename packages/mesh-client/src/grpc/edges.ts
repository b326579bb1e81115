import type { Server as NetServer } from 'node:net'
import type {
  ChannelInterface as Channel,
  ChannelCredentials,
  ChannelOptions,
  Server,
  ServerOptions,
} from '@grpc/grpc-js'
import type { MeshServer } from '../http/inbound/mesh-server.ts'
import type { PeerIdentity } from '../inbound/peer-identity.ts'
import type { MeshInternals } from '../mesh/internals.ts'
import type { Mesh } from '../mesh/types.ts'
import type { GrpcJs } from './grpc-js.ts'

/** What both edges of gRPC share. */
export interface GrpcEnvironment {
  /** The copy of grpc-js that this mesh works with. */
  readonly grpc: GrpcJs
  readonly mesh: Mesh
  /** `undefined`: the mesh is turned off, so every host is outside it and servers are bound plainly. */
  readonly internals: MeshInternals | undefined
}

/** What a channel is made of. */
export interface ChannelParts {
  /** As it was written, e.g. `weft:///greeter:50051`. */
  readonly target: string
  /** The application's; those of the mesh where it gave none. */
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
}

/** The client's half of the public face: makes the channel of a target, whether that is of the mesh or not. */
export interface ClientEdge {
  channel(parts: ChannelParts): Channel
}

/** The server's half of the public face. */
export interface ServerEdge {
  serverOptions(): ServerOptions
  serve(server: Server, options: GrpcServeOptions): Promise<MeshServer<NetServer>>
  peer(call: object): PeerIdentity
  setServingStatus(service: string, status: ServingStatus): void
}

/** What `grpc.health.v1` can be told of a service. */
export type ServingStatus = 'SERVING' | 'NOT_SERVING'

export interface GrpcServeOptions {
  /** Address to bind. Default: all addresses of the host. */
  readonly host?: string | undefined
  /** Port to bind, 0 to 65535; 0 and the default: a free one. */
  readonly port?: number | undefined
  /** What callers dial, 1 to 65535. Default: the mesh's `servicePort`. Each served port needs one of its own. */
  readonly servicePort?: number | undefined
  /** Whether calls that are made while a call is served end when its caller leaves. Default true. */
  readonly cancelOnDisconnect?: boolean | undefined
}
