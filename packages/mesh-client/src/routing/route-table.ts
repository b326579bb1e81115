import type { RetryPolicy } from '@weft/mesh-protocol'
import type { HeaderList } from './header-mutations.ts'

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
  request(headers: HeaderList): HeaderList
  response(headers: HeaderList): HeaderList
}

/** One destination of a route. */
export interface CompiledDestination {
  readonly cluster: string
  readonly weight: number
  /** All that apply when this destination is taken: the destination's own first, then the route's. */
  readonly mutations: CompiledMutations | undefined
  /** What the upstream sees as authority; a rewrite of the route wins over the destination's own (Istio `route.go`). */
  readonly hostRewrite: string | undefined
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
}

/** The routes of one host on one port. */
export interface VirtualHostTable {
  readonly port: number
  /** The first route that matches. */
  match(request: RouteRequest): CompiledRoute | undefined
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
