import type { JwtRule, PathNormalization, PeerAuthentication } from './authentication.ts'
import type { ServiceRef } from './cluster.ts'
import type { ExtAuthzProvider, Rbac } from './rbac.ts'
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
 * How a workload finds out whether it may be called, which it then tells with its registration. No xDS twin (Istio's agent
 * gets it in its `ProxyConfig.readinessProbe`).
 */
export interface ReadinessProbe {
  /** Before the first try. */
  readonly initialDelayMs: number
  /** From one try to the next. */
  readonly periodMs: number
  readonly timeoutMs: number
  /** In a row, to become healthy. */
  readonly successThreshold: number
  /** In a row, to become unhealthy. */
  readonly failureThreshold: number
  /** Without a `host` it is the workload's own address, and `port` the workload's as policies name it. */
  readonly check:
    | {
        /** Passes with a status from 200 to 399. */
        readonly httpGet: {
          readonly scheme: 'http' | 'https'
          readonly path: string
          readonly port: number
          readonly host?: string
          readonly headers: readonly { readonly name: string; readonly value: string }[]
        }
      }
    | { readonly tcpSocket: { readonly port: number; readonly host?: string } }
    /** Without a `port` it is the first that the workload serves. */
    | { readonly grpc: { readonly port?: number; readonly serviceName?: string } }
    /** A program of the workload's machine and its arguments; passes with exit code 0. */
    | { readonly exec: { readonly command: readonly string[] } }
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
  /** Only for clients with the feature `readiness-probe`. Absent: the workload is healthy while it is registered. */
  readonly readinessProbe?: ReadinessProbe
  /** Absent: PERMISSIVE where this process has an identity, else plaintext. */
  readonly peerAuthentication?: PeerAuthentication
  /** Absent: no token is looked at. xDS: `jwt_authn.v3.JwtAuthentication`. */
  readonly jwtRules?: readonly JwtRule[]
  /** Who may send which requests; absent: everybody all. */
  readonly authorization?: Rbac
  /** The same for connections that are not looked into. */
  readonly tcpAuthorization?: Rbac
  /** By the name that policies call them by. */
  readonly extAuthzProviders?: Readonly<Record<string, ExtAuthzProvider>>
  /** Only for clients with the feature `path-normalization`. Absent: NONE where something is held against paths, else they stay whole. */
  readonly pathNormalization?: PathNormalization
  /**
   * How many proxies before this workload are believed about `x-forwarded-for`. Istio `gatewayTopology.numTrustedProxies`.
   * Absent: none, the client is who has connected.
   */
  readonly numTrustedProxies?: number
  /** Which requests are written to the access log of decisions. Absent: those denied and those marked AUDIT. */
  readonly auditDecisions?: 'ALL' | 'DENIED_AND_MARKED'
}
