import type { BaggageMark, Fault, RequestMirrorPolicy, RetryPolicy } from '@weft/mesh-protocol'
import type { HeaderList, RequestLine } from './header-mutations.ts'

/** What a route is matched on. Header look-ups are by lower-case name; repeated headers come joined with `,`. */
export interface RouteRequest {
  readonly method: string
  readonly scheme: string
  /** Host as the caller named it, with its port where it was written. */
  readonly authority: string
  /** Path with query. */
  readonly path: string
  header(name: string): string | undefined
}

/** Header changes compiled once; each takes a flat list of names and values and gives one back. */
export interface CompiledMutations {
  request(headers: HeaderList, line?: RequestLine): HeaderList
  response(headers: HeaderList): HeaderList
}

/** An answer of the mesh itself: a redirect or a fixed response. */
export interface RouteReply {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

/** Makes the answer to one request. */
export type MakeReply = (request: RouteRequest) => RouteReply

/** One destination of a route. */
export interface CompiledDestination {
  readonly cluster: string
  readonly weight: number
  /** All that apply when this destination is taken: the destination's own first, then the route's. */
  readonly mutations: CompiledMutations | undefined
  /** What the upstream sees as authority; a rewrite of the route wins over the destination's own (Istio `route.go`). */
  readonly hostRewrite: string | undefined
  /** Gives the path with its query as it is sent; `undefined`: as it came. */
  readonly rewritePath: ((path: string) => string) | undefined
  /** Answers instead of the cluster. */
  readonly reply: MakeReply | undefined
  /** Where copies go, the route's and its own; `undefined`: nowhere. */
  readonly mirrors: readonly RequestMirrorPolicy[] | undefined
  /** What the request carries on along the call chain, the destination's own and then the route's. */
  readonly marks: readonly BaggageMark[] | undefined
}

/** A route ready for use. Immutable: a call keeps the one it matched to its end. */
export interface CompiledRoute {
  readonly name: string
  /** 0: none. */
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicy
  readonly destinations: readonly CompiledDestination[]
  /** Sum of the weights. */
  readonly totalWeight: number
  /** Answers instead of any destination, of which there are none then. */
  readonly reply: MakeReply | undefined
  readonly fault: Fault | undefined
  /** An attempt that is over its own limit is left running beside the next. */
  readonly hedgeOnPerTryTimeout: boolean
  /** Status of the answer where the chosen cluster does not exist. */
  readonly clusterNotFoundStatus: number
}

/** What a connection that is not looked into is routed on. */
export interface TcpRequest {
  /** The server name that its TLS asks for, where it is known. */
  readonly serverName: string | undefined
  /** The IP address that was dialled, where it was one. */
  readonly address: string | undefined
}

/** Where connections go. Immutable: a connection keeps the one it matched to its end. */
export interface CompiledTcpRoute {
  readonly name: string
  readonly destinations: readonly { readonly cluster: string; readonly weight: number }[]
  /** Sum of the weights. */
  readonly totalWeight: number
}

/** The routes of one host on one port. */
export interface VirtualHostTable {
  readonly port: number
  /** The first route that matches. */
  match(request: RouteRequest): CompiledRoute | undefined
  /** As `match`, for a connection. */
  matchTcp(request: TcpRequest): CompiledTcpRoute | undefined
}

/** A RouteConfiguration compiled once. Immutable. */
export interface RouteTable {
  /** Fully qualified host. */
  readonly host: string
  readonly version: string
  /** Every cluster that a route can lead to. */
  readonly clusters: readonly string[]
  /** `undefined`: the host does not serve this port. */
  forPort(port: number): VirtualHostTable | undefined
}
