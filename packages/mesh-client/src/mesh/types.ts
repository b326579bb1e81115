import type { Agent } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Nack, ResourceKey } from '@weft/mesh-protocol'
import type { Registry } from 'prom-client'
import type { Dispatcher } from 'undici'
import type { Listener } from '../http/inbound/listener.ts'
import type { MeshServer, ServeOptions } from '../http/inbound/mesh-server.ts'
import type { SocketListener } from '../http/inbound/served.ts'
import type { MeshRequest } from '../http/outbound/request.ts'
import type { IdentityStatus } from '../identity/identity-manager.ts'
import type { PeerIdentity } from '../inbound/peer-identity.ts'
import type { Logger } from '../kernel/logger.ts'
import type { BreakerState, OverflowKind } from '../kernel/recorder.ts'
import type { Connect } from '../tcp/connect.ts'

/** For what may take long: when to give up. */
export interface WaitOptions {
  /** Milliseconds, 0 or more. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What the running Node's own `fetch` calls a dispatcher: undici in the version of its types. */
type PlatformDispatcher = RequestInit extends { dispatcher?: infer D } ? NonNullable<D> : unknown

/** Fits where undici's `Dispatcher` is asked for, and where the platform's `fetch` asks for its own kind of it. */
export type MeshDispatcher = Dispatcher & PlatformDispatcher

/** One process's share of the mesh. */
export interface Mesh {
  /**
   * The platform's `fetch`, with hosts of the mesh routed by its policy. Hosts outside it go to `globalThis.fetch`
   * unchanged.
   */
  readonly fetch: typeof globalThis.fetch
  /** undici's `request`, the same way. */
  readonly request: MeshRequest
  /** For whatever takes an undici `Dispatcher`: WebSocket, EventSource, `fetch(url, { dispatcher })`. */
  readonly dispatcher: MeshDispatcher
  /**
   * A `node:http` agent for clients that do not use undici: axios, got, superagent, node-fetch, `http.request`. Requests to
   * hosts of the mesh are routed, balanced, limited and counted as all calls, and share the mesh's connections; what the
   * mesh refuses is an `error` of the request, a MeshError. Policy's retries are not made, as such clients have their own
   * and cannot always send a body again. Other hosts go to the platform's `globalAgent`. The same object each time.
   *
   * @throws TypeError for anything but `http:` or `https:`.
   */
  agent(protocol: 'http:' | 'https:'): Agent
  /**
   * A `net.Socket` that is connecting to an instance of a service: routed by the TCP and TLS routes of its port, balanced,
   * limited by `connectionPool.tcp` and counted. An instance that refuses the connection is left for another. Other hosts are
   * connected to as by `net.connect`. What fails is an `error` of the socket: the system's own with a MeshError as its `cause`,
   * or a MeshError where the mesh refuses.
   *
   * @throws MeshError `WEFT_CONFIG` where the host or the port is not usable.
   */
  readonly connect: Connect
  /** Serves connections as they are: a function `(socket)` or a `net.Server`. */
  serve(
    listener: SocketListener | NetServer,
    options: ServeOptions & { readonly protocol: 'tcp' },
  ): Promise<MeshServer<NetServer>>
  /**
   * Serves a function `(request, response)`, an `http.Server`, or an Express, Koa or Fastify application behind the mesh, and
   * registers it. Resolves when it listens.
   * @throws MeshError `WEFT_CONFIG` for options or a listener that cannot be served, or where the mesh has no `service`;
   *   `WEFT_CLOSED` after {@link close}; the server's own error where it cannot listen.
   */
  serve(listener: Listener, options?: ServeOptions): Promise<MeshServer>
  /**
   * Runs work that is begun while a request is served and goes on without it: its calls keep the headers of the request, and
   * neither the request's deadline nor the leaving of its caller ends them. Gives back what `work` does.
   */
  detach<T>(work: () => T): T
  /**
   * Who has sent a request that is served: the identity that its connection has proven by mutual TLS, and the claims of the JWT
   * that policy has proven. Takes Node's requests of HTTP/1.1 and HTTP/2, those of Express and Fastify, Koa's `ctx`, calls of
   * grpc-js, and the sockets of upgrades and of protocol `tcp`. What nobody has proven is `undefined`, and so is all of anything else.
   */
  peer(request: object): PeerIdentity
  /** Metrics of this mesh, apart from prom-client's default registry. */
  readonly metrics: Registry
  readonly logger: Logger
  /** What is so at this moment. */
  status(): MeshStatus
  /**
   * Resolves when policy is there, fresh or last-known-good, with the routes of the `dependencies`, and, while a control
   * server can be reached, the certificate where an identity is sought and the registration of what is served. Under
   * STRICT mutual TLS the certificate is waited for in any case. Holds the event loop. Default of `timeoutMs`: 30000.
   * @throws MeshError `WEFT_NOT_READY` when time is up, saying what is missing; `WEFT_NO_IDENTITY` where that is the
   *   certificate, policy being there; `WEFT_CLOSED` when the mesh is closed; the signal's reason.
   */
  ready(options?: WaitOptions): Promise<void>
  /**
   * Takes the process out of the mesh: deregisters and drains what is served, lets calls under way finish, ends the stream
   * and all connections. What is left when `timeoutMs` (default 20000) is up, or at the signal, is cut. Holds the event
   * loop. Idempotent; never rejects.
   */
  close(options?: WaitOptions): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What {@link Mesh.status} tells. Plain data, fit for JSON. */
export interface MeshStatus {
  /** The mesh is turned off; the rest is empty. */
  readonly disabled: boolean
  /** The workload id and who it belongs to. */
  readonly node: { readonly id: string; readonly service: string; readonly namespace: string }
  readonly ready: boolean
  /** Why it is not. */
  readonly missing: readonly string[]
  readonly control: {
    /** The one connected to, or tried last. */
    readonly url: string
    readonly connected: boolean
    /** RFC 3339: since when it is connected, or is not. */
    readonly since: string
    readonly lastError: string | undefined
  }
  /** Who this process is. */
  readonly identity: IdentityStatus
  /** Where what is in force comes from. */
  readonly policy: 'nowhere' | 'last-known-good' | 'control-server'
  /** Resources in force, `type/name` to version. */
  readonly versions: Readonly<Record<ResourceKey, string>>
  /** Resources refused while what was in force before stays. */
  readonly nacks: readonly Nack[]
  /** Hosts whose policy is followed. */
  readonly subscriptions: readonly string[]
  /** Port that the admin listener is bound to; absent where there is none. */
  readonly adminPort: number | undefined
  readonly clusters: readonly ClusterStatus[]
  readonly registrations: readonly RegistrationView[]
}

export interface ClusterStatus {
  readonly name: string
  /** Of the error-rate breaker. */
  readonly breaker: BreakerState
  /** What is under way against each limit; `max` is 4294967295 where there is none. */
  readonly limits: Readonly<Record<OverflowKind, { readonly current: number; readonly max: number }>>
  readonly endpoints: readonly {
    /** `address:port`. */
    readonly id: string
    /** As discovery says. */
    readonly health: string
    readonly ejected: boolean
    /** By active health checks. */
    readonly unhealthy: boolean
    readonly refused: boolean
    readonly draining: boolean
    /** Requests under way. */
    readonly active: number
  }[]
}

export interface RegistrationView {
  /** Workload id. */
  readonly id: string
  readonly address: string
  /** Service port to the port that is listened on. */
  readonly ports: readonly { readonly servicePort: number; readonly listenPort: number }[]
  readonly state: 'pending' | 'registered' | 'refused'
  readonly error: string | undefined
  /** What the control server objects to. */
  readonly violations: readonly { readonly field: string; readonly message: string }[]
}
