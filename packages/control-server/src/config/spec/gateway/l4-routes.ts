import type { BackendReference, CommonRouteSpec } from './references.ts'

export interface L4RouteRule {
  readonly name?: string
  readonly backendRefs: readonly BackendReference[]
}

/** `gateway.networking.k8s.io` TCPRoute; one rule. */
export interface TcpRouteSpec extends CommonRouteSpec {
  readonly rules: readonly L4RouteRule[]
}

/** `gateway.networking.k8s.io` TLSRoute; one rule. */
export interface TlsRouteSpec extends TcpRouteSpec {
  /** Server names, exact or `*.suffix`. */
  readonly hostnames: readonly string[]
}
