import type { ServiceRef } from './cluster.ts'
import type { ResourceHeader } from './resource-header.ts'
import type { Fault, RouteMatch, StringMatcher } from './route.ts'

/** There is one inbound policy a client; this is its name. */
export const INBOUND_POLICY_NAME = 'inbound'

/** A service that this workload answers for, and the workload's port behind each of its ports. */
export interface InboundService extends ServiceRef {
  readonly ports: readonly { readonly servicePort: number; readonly port: number; readonly protocol: string }[]
}

/** Answers to browsers' questions of origin. xDS: `envoy.extensions.filters.http.cors.v3.CorsPolicy`. */
export interface CorsPolicy {
  readonly allowOrigins: readonly StringMatcher[]
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  readonly maxAgeMs?: number
  readonly allowCredentials?: boolean
  /** Whether a preflight of an origin that is not allowed still reaches the application. xDS: `forward_not_matching_preflights`. */
  readonly forwardNotMatchingPreflights: boolean
}

/** What is done to requests that come in and match; the first match counts. */
export interface InboundRoute {
  /** For people. */
  readonly name: string
  /** Ports of the service as callers dial them; absent: all. */
  readonly servicePorts?: readonly number[]
  readonly match: RouteMatch
  readonly cors?: CorsPolicy
}

/** Failures on purpose at the side of the server; the first rule that matches counts. */
export interface InboundFault {
  readonly name: string
  readonly match: RouteMatch
  readonly fault: Fault
}

/**
 * How a workload treats what comes in. A receiver that meets a field it does not know rejects the whole policy and keeps
 * the one it has, so that a rule can never be lost silently. xDS: the inbound `Listener` and its filter chains.
 */
export interface InboundPolicy extends ResourceHeader<'InboundPolicy'> {
  /** What the workload serves, the service it registers under first; names the destination in its metrics. */
  readonly services: readonly InboundService[]
  readonly routes?: readonly InboundRoute[]
  readonly faults?: readonly InboundFault[]
}
