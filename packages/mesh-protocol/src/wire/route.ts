import type { ResourceHeader } from './resource-header.ts'

/** How a string is compared. xDS: `envoy.type.matcher.v3.StringMatcher`. Regexes are RE2 and match the whole string. */
export type StringMatcher = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string }

/** How the path, without its query, is compared. xDS: the `path_specifier` of `RouteMatch`. */
export type PathMatcher = StringMatcher

/**
 * A condition on one header; pseudo headers `:method`, `:scheme`, `:authority` and `:path` count as headers.
 * xDS: `envoy.config.route.v3.HeaderMatcher`.
 */
export interface HeaderMatcher {
  /** Lower case. */
  readonly name: string
  /** Absent: the header has to be present. */
  readonly stringMatch?: StringMatcher
  /** The condition holds when the match does not. Default false. */
  readonly invertMatch?: boolean
  /** A missing header is compared as an empty string. Default false: a missing header never matches a string. */
  readonly treatMissingHeaderAsEmpty?: boolean
}

/** A condition on the first value of a query parameter. xDS: `envoy.config.route.v3.QueryParameterMatcher`. */
export interface QueryParameterMatcher {
  readonly name: string
  /** Absent: the parameter has to be present. */
  readonly stringMatch?: StringMatcher
}

/** All conditions have to hold. xDS: `envoy.config.route.v3.RouteMatch`. */
export interface RouteMatch {
  /** Absent: any path. */
  readonly path?: PathMatcher
  /** Whether exact and prefix paths are compared with regard to case. Default true. */
  readonly caseSensitive?: boolean
  readonly headers?: readonly HeaderMatcher[]
  readonly queryParameters?: readonly QueryParameterMatcher[]
}

/** xDS: `envoy.config.core.v3.HeaderValueOption`. */
export interface HeaderValueOption {
  /** Lower case. */
  readonly name: string
  readonly value: string
  readonly appendAction: 'APPEND_IF_EXISTS_OR_ADD' | 'OVERWRITE_IF_EXISTS_OR_ADD'
}

/**
 * Changes to the headers of a request and of its response. Within one set: remove, then overwrite, then append.
 * xDS: `request_headers_to_add` and its three siblings.
 */
export interface HeaderMutations {
  readonly requestHeadersToRemove?: readonly string[]
  readonly requestHeadersToAdd?: readonly HeaderValueOption[]
  readonly responseHeadersToRemove?: readonly string[]
  readonly responseHeadersToAdd?: readonly HeaderValueOption[]
}

/** xDS: `envoy.config.route.v3.RetryPolicy`. */
export interface RetryPolicy {
  /** Conditions, each a value of Envoy's `x-envoy-retry-on` or `x-envoy-retry-grpc-on`. */
  readonly retryOn: readonly string[]
  /** Further attempts after the first; 0: none. */
  readonly numRetries: number
  /** Limit of each attempt, the first included. Absent: none but the route's. */
  readonly perTryTimeoutMs?: number
  /** Status codes of `retriable-status-codes`. */
  readonly retriableStatusCodes: readonly number[]
  /** Full jitter: a delay is random below `base * 2^(n-1)`, capped at the maximum. */
  readonly retryBackOff: { readonly baseIntervalMs: number; readonly maxIntervalMs: number }
  /** Endpoints tried before are avoided while another is left. xDS: predicate `previous_hosts`. */
  readonly avoidPreviousHosts: boolean
}

/** One destination of a weighted split. xDS: `WeightedCluster.ClusterWeight`. */
export interface ClusterWeight extends HeaderMutations {
  readonly cluster: string
  /** Relative, 0 or more. A destination of weight 0 gets nothing. */
  readonly weight: number
  /** What the upstream sees as authority when this destination is taken; the route's own goes before. xDS: `host_rewrite_literal`. */
  readonly hostRewrite?: string
}

/** What is done with a matched request. xDS: `envoy.config.route.v3.RouteAction`. */
export interface RouteAction {
  /** One or more; with one, its weight is not looked at. xDS: `cluster` or `weighted_clusters`. */
  readonly clusters: readonly ClusterWeight[]
  /** Limit of the whole call with all its attempts; 0: none. */
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicy
  /** What the upstream sees as authority. xDS: `host_rewrite_literal`. */
  readonly hostRewrite?: string
}

/** xDS: `envoy.config.route.v3.Route`. */
export interface Route extends HeaderMutations {
  /** For people: the VirtualService route's name, or made from its position. */
  readonly name: string
  readonly match: RouteMatch
  readonly route: RouteAction
}

/** The routes of one host on one port, first match wins. xDS: `envoy.config.route.v3.VirtualHost`. */
export interface VirtualHost {
  readonly name: string
  /** The port that callers dial. Extends xDS, where the listener holds it. */
  readonly port: number
  readonly routes: readonly Route[]
}

/**
 * The routes of one mesh host; its name is the fully qualified host and what a client subscribes to.
 * xDS: `envoy.config.route.v3.RouteConfiguration`.
 */
export interface RouteConfiguration extends ResourceHeader<'RouteConfiguration'> {
  /** One a port that the host serves. */
  readonly virtualHosts: readonly VirtualHost[]
}
