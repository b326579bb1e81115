import type { Server as NetServer } from 'node:net'
import type {
  Channel,
  ChannelCredentials,
  ChannelOptions,
  ClientOptions,
  Interceptor,
  Server,
  ServerOptions,
} from '@grpc/grpc-js'
import type { MeshServer } from '../http/inbound/mesh-server.ts'
import type { PeerIdentity } from '../inbound/peer-identity.ts'
import { BRIDGE_OPTION, BRIDGE_SETTINGS, Bridge } from './client/bridge-options.ts'
import { BRIDGE_POLICY, BridgePolicy, BridgePolicyConfig } from './client/bridge-policy.ts'
import { BridgeResolver, WEFT_SCHEME } from './client/bridge-resolver.ts'
import { inheritInterceptor } from './client/inherit-interceptor.ts'
import { createCredentials } from './credentials.ts'
import type { ClientEdge, GrpcEnvironment, GrpcServeOptions, ServerEdge, ServingStatus } from './edges.ts'
import { checkSameCopy } from './peer-check-copies.ts'

/** The mesh for clients and servers of @grpc/grpc-js, and of whatever is built on it. */
export interface MeshGrpc {
  /**
   * Channel credentials for targets of the mesh: what is plaintext and what is mutual TLS, policy decides, connection by connection. Call
   * credentials can be combined with them (`credentials.combineChannelCredentials`). Hosts outside the mesh get plaintext; for TLS there,
   * give `credentials.createSsl()` to the client instead. The same object each time.
   */
  credentials(): ChannelCredentials
  /**
   * Options that lead a client's calls to the mesh: `new GreeterClient('weft:///greeter:50051', grpc.credentials(),
   * grpc.channelOptions())`. A target is `weft:///host[:port]`, the port by default 80, and a host is what `mesh.fetch` takes. Hosts outside
   * the mesh, and targets of other schemes, are left to grpc-js. Its own options may be added, e.g. `grpc.max_receive_message_length`; those
   * about connections, retries and service configs count where it connects itself.
   */
  channelOptions(): ClientOptions
  /**
   * A channel, for what takes one: `createClient(definition, grpc.channel('weft:///greeter:50051'))` of nice-grpc, the option
   * `channelOverride` of clients.
   *
   * @throws MeshError `WEFT_CONFIG` for a target that names no host.
   */
  channel(target: string, options?: ChannelOptions): Channel
  /**
   * For clients whose channel is not of the mesh: deadline, cancellation, trace and propagated metadata of the request that is served follow
   * their calls; with a tracer the span that is active does, in a request or not, and no other is made. Clients of the mesh need none and
   * are not changed by them. Empty where the mesh is turned off.
   */
  readonly interceptors: Interceptor[]
  /**
   * Options for a server that will be served: `new Server(grpc.serverOptions())`. They ping callers that have said nothing for 60 s, and
   * let go of those that do not answer within 20 s. Others of grpc-js may be added.
   */
  serverOptions(): ServerOptions
  /**
   * Serves a server behind the mesh and registers it. Resolves when it listens; it must not be bound by the application.
   *
   * @throws MeshError `WEFT_CONFIG` for options or a server that cannot be served, or where the mesh has no `service`; `WEFT_CLOSED` after
   *   `mesh.close()`; the server's own error where it cannot listen.
   */
  serve(server: Server, options?: GrpcServeOptions): Promise<MeshServer<NetServer>>
  /** Who has made a call that is served: what its connection has proven by mutual TLS, and the claims of the JWT that policy has proven. */
  peer(call: object): PeerIdentity
  /**
   * What `grpc.health.v1.Health` says of a service of the servers of this mesh; the empty name is the server as a whole. Everything is
   * SERVING until it is said otherwise, and NOT_SERVING as soon as a drain begins.
   */
  setServingStatus(service: string, status: ServingStatus): void
}

/** The face over both halves. The classes that are registered with grpc-js are the same for all meshes: they find theirs by an option. */
export function createMeshGrpc(environment: GrpcEnvironment, client: ClientEdge, server: ServerEdge): MeshGrpc {
  const { grpc, internals } = environment
  grpc.experimental.registerResolver(WEFT_SCHEME, BridgeResolver)
  grpc.experimental.registerLoadBalancerType(BRIDGE_POLICY, BridgePolicy, BridgePolicyConfig)
  const credentials = createCredentials(grpc)
  const shared: ChannelOptions = { ...BRIDGE_SETTINGS, [BRIDGE_OPTION]: new Bridge(internals) }
  const options: ClientOptions = {
    ...shared,
    channelFactoryOverride(target, given, { ...rest }) {
      checkSameCopy(given, 'ChannelCredentials', `What the client of ${target} was given as credentials`)
      return client.channel({ target, credentials: given, options: rest as ChannelOptions })
    },
  }
  return {
    credentials: () => credentials,
    channelOptions: () => ({ ...options }),
    // The class of grpc-js is what others ask for in their types; all that they use of it is its interface.
    channel: (target, given = {}) =>
      client.channel({ target, credentials, options: { ...shared, ...given } }) as Channel,
    interceptors: internals === undefined ? [] : [inheritInterceptor(grpc, internals)],
    serverOptions: () => server.serverOptions(),
    serve: async (given, serveOptions = {}) => await server.serve(given, serveOptions),
    peer: (call) => server.peer(call),
    setServingStatus: (service, status) => server.setServingStatus(service, status),
  }
}
