import type { ResourceHeader } from './resource-header.ts'

/** How a string is compared. xDS: `envoy.type.matcher.v3.StringMatcher`. Regexes are RE2 and match the whole string. */
export type StringMatcher = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string }

/**
 * How the path, without its query, is compared. xDS: the `path_specifier` of `RouteMatch`. A `pathSeparatedPrefix` ends at
 * a `/` or at the end of the path: `/abc` takes `/abc` and `/abc/d`, not `/abcd`; it is written without a slash at its end.
 */
export type PathMatcher = StringMatcher | { readonly pathSeparatedPrefix: string }

/**
 * A condition on one header; pseudo headers `:method`, `:scheme`, `:authority` and `:path` count as headers.
 * xDS: `envoy.config.route.v3.HeaderMatcher`.
 */
export interface HeaderMatcher {
  /** Lower case. After `BAGGAGE_MATCH_PREFIX` comes the key of a member of the `baggage` header, whose case counts. */
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

/**
 * Changes to where a request goes, before it is sent. At most one of the three path rewrites. xDS: the fields of these
 * names of `RouteAction`; `pathRewrite` is its `path_rewrite`.
 */
export interface RouteRewrite {
  /** What the upstream sees as authority. xDS: `host_rewrite_literal`. */
  readonly hostRewrite?: string
  /**
   * Takes the place of what the route's path match has taken: of a prefix its text, of an exact path or a regex the whole
   * path. Of a `pathSeparatedPrefix`, or where there is no path match, it goes before what is left with one slash between.
   */
  readonly prefixRewrite?: string
  /** Takes the place of the whole path; the query stays. */
  readonly pathRewrite?: string
  /** Takes the place of every match of an RE2 pattern in the path; `\1` to `\9` stand for groups. */
  readonly regexRewrite?: { readonly pattern: string; readonly substitution: string }
}

/** An answer that sends the caller elsewhere. xDS: `envoy.config.route.v3.RedirectAction`. */
export interface RedirectAction {
  readonly scheme?: string
  readonly host?: string
  /** Explicit port; left out of the location where the scheme implies it. */
  readonly port?: number
  /** Where there is no `port`. Absent: the request's port as it was written, unless the scheme changes. */
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT'
  /** Takes the place of the path and, if it has one, of the query. */
  readonly pathRedirect?: string
  /** Takes the place of the matched prefix, as `RouteRewrite.prefixRewrite`. */
  readonly prefixRewrite?: string
  readonly responseCode: number
}

/** An answer from the mesh itself. xDS: `envoy.config.route.v3.DirectResponseAction`. */
export interface DirectResponseAction {
  readonly status: number
  readonly body: string
  /** How `body` is written; default utf8. */
  readonly bodyEncoding?: 'utf8' | 'base64'
}

/** Failures on purpose. xDS: `envoy.extensions.filters.http.fault.v3.HTTPFault`. Shares in percent, 0 to 100, to 1/10,000. */
export interface Fault {
  readonly delay?: { readonly percent: number; readonly fixedDelayMs: number }
  readonly abort?: {
    readonly percent: number
    /** One of the two. */
    readonly httpStatus?: number
    readonly grpcStatus?: number
  }
}

/** A copy of the request to another cluster, whose answer nobody sees. xDS: `RouteAction.RequestMirrorPolicy`. */
export interface RequestMirrorPolicy {
  readonly cluster: string
  /** Share of the requests, 0 to 100, to 1/10,000. xDS: `runtime_fraction`. */
  readonly percent: number
}

/** A member of the W3C `baggage` header that a request carries on along its call chain, so that later hops can match it. */
export interface BaggageMark {
  readonly key: string
  readonly value: string
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
  /**
   * Full jitter: a delay is random below `base * 2^(n-1)`, capped at the maximum, on top of `minIntervalMs`, which has no xDS
   * twin (Gateway API `HTTPRouteRetry.backoff`). Absent: 0.
   */
  readonly retryBackOff: {
    readonly baseIntervalMs: number
    readonly maxIntervalMs: number
    readonly minIntervalMs?: number
  }
  /** Endpoints tried before are avoided while another is left. xDS: predicate `previous_hosts`. */
  readonly avoidPreviousHosts: boolean
  /** Response headers of `retriable-headers`; one that holds is enough. */
  readonly retriableHeaders?: readonly HeaderMatcher[]
  /**
   * Response headers that say how long to wait, first match wins; a pause over the maximum is not kept.
   * xDS: `rate_limited_retry_back_off`.
   */
  readonly rateLimitedRetryBackOff?: {
    readonly resetHeaders: readonly { readonly name: string; readonly format: 'SECONDS' | 'UNIX_TIMESTAMP' }[]
    readonly maxIntervalMs: number
  }
  /**
   * After every so many attempts the priorities tried so far are left out. xDS: `retry_priority` with
   * `envoy.retry_priorities.previous_priorities`. Absent: priorities are chosen anew each time.
   */
  readonly previousPrioritiesUpdateFrequency?: number
}

/**
 * One destination of a weighted split. Its rewrites count where the route has none of that sort.
 * xDS: `WeightedCluster.ClusterWeight`.
 */
export interface ClusterWeight extends HeaderMutations, RouteRewrite {
  readonly cluster: string
  /** Relative, 0 or more. A destination of weight 0 gets nothing. */
  readonly weight: number
  /** Instead of sending to `cluster`, which is then not looked at. No xDS twin; Gateway API filters of one backend. */
  readonly redirect?: RedirectAction
  /** Besides those of the route. */
  readonly requestMirrorPolicies?: readonly RequestMirrorPolicy[]
  /** What a request that takes this destination carries on. No xDS twin. */
  readonly mark?: BaggageMark
}

/** What is done with a matched request. xDS: `envoy.config.route.v3.RouteAction`. */
export interface RouteAction extends RouteRewrite {
  /** One or more; with one, its weight is not looked at. xDS: `cluster` or `weighted_clusters`. */
  readonly clusters: readonly ClusterWeight[]
  /** Limit of the whole call with all its attempts; 0: none. */
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicy
  /** Where an attempt that is over its own limit is left running beside the next. xDS: `hedge_policy.hedge_on_per_try_timeout`. */
  readonly hedgeOnPerTryTimeout?: boolean
  readonly requestMirrorPolicies?: readonly RequestMirrorPolicy[]
  /** Answer where the chosen cluster does not exist. xDS: `cluster_not_found_response_code`. Absent: 503. */
  readonly clusterNotFoundResponseCode?: number
  /** What every request on this route carries on. No xDS twin. */
  readonly mark?: BaggageMark
}

/** A condition with what is done about it: exactly one of `route`, `redirect`, `directResponse`. xDS: `envoy.config.route.v3.Route`. */
export interface Route extends HeaderMutations {
  /** For people: the VirtualService route's name, or made from its position. */
  readonly name: string
  readonly match: RouteMatch
  readonly route?: RouteAction
  readonly redirect?: RedirectAction
  readonly directResponse?: DirectResponseAction
  /** Before anything else is done with the request. xDS: `typed_per_filter_config`, `envoy.filters.http.fault`. */
  readonly fault?: Fault
}

/**
 * Where connections go that are not looked into. All conditions have to hold; none always holds.
 * xDS: `FilterChainMatch` and the `tcp_proxy` filter's clusters.
 */
export interface TcpRoute {
  readonly name: string
  /** Server names of TLS, exact or `*.suffix`, one of which the connection asks for. */
  readonly sniHosts?: readonly string[]
  /** Addresses or CIDR ranges, one of which the dialled address lies in. xDS: `prefix_ranges`. */
  readonly destinationSubnets?: readonly string[]
  readonly clusters: readonly Pick<ClusterWeight, 'cluster' | 'weight'>[]
}

/** The routes of one host on one port, first match wins. xDS: `envoy.config.route.v3.VirtualHost`. */
export interface VirtualHost {
  readonly name: string
  /** The port that callers dial. Extends xDS, where the listener holds it. */
  readonly port: number
  readonly routes: readonly Route[]
  /** For connections instead of requests, first match wins. Absent: to the service itself. */
  readonly tcpRoutes?: readonly TcpRoute[]
}

/**
 * The routes of one mesh host; its name is the fully qualified host and what a client subscribes to.
 * xDS: `envoy.config.route.v3.RouteConfiguration`.
 */
export interface RouteConfiguration extends ResourceHeader<'RouteConfiguration'> {
  /** One a port that the host serves. */
  readonly virtualHosts: readonly VirtualHost[]
}
